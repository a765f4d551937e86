# Each target makes ready what it needs (scripts/setup.sh) and is quick when that is done already.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
PYTEST_ARGS ?= -n 2
DEMO_DIR ?= build/demo
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?=
FUZZ_SEED ?= 0

.PHONY: help demo demo-pst test lint format fuzz bench clean

help:
	@echo "make demo    set up, then keep a PST and a real mail server in step before your eyes  (DEMO_DIR=build/demo)"
	@echo "make test    set up, then run the tests                   (PYTEST_ARGS='-n 2 -m slow' for the long ones)"
	@echo "make lint    ruff, mypy and the import contract"
	@echo "make format  let ruff put the sources in order"
	@echo "make fuzz    throw malformed files and mail at the parsers (FUZZ_SECONDS=60, or FUZZ_RUNS=1500)"
	@echo "make bench   measure the PST engine beside other readers"
	@echo "make demo-pst  make, fill, list, export and check a PST file of each kind"
	@echo "make clean   remove what the above have made, the virtual environment too"

demo:
	@scripts/setup.sh demo
	@$(BIN)/mailconnector demo --directory $(DEMO_DIR)

demo-pst:
	@scripts/setup.sh run
	@PATH="$$PWD/$(BIN):$$PATH" scripts/pst-demo.sh build/demo-pst

test:
	@scripts/setup.sh dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint:
	@scripts/setup.sh dev
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format:
	@scripts/setup.sh dev
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

fuzz:
	@scripts/setup.sh fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) FUZZ_SEED=$(FUZZ_SEED) scripts/fuzz.sh

bench:
	@scripts/setup.sh dev
	$(BIN)/python benchmarks/pst.py

clean:
	rm -rf build dist .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
