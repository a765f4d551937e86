#!/usr/bin/env bash
# Throws malformed stores, mail and files of items at the parsers, one fuzzer after the other. A finding is kept in
# build/fuzz/findings, and ends the run.
#
#   FUZZ_SECONDS  for how long, a third of it each; what the fuzzers learn is kept for the next time
#   FUZZ_RUNS     instead of that: with how many messages, the seeds among them, and as many other files as take about as
#                 long. They are the same in each run of the same Python, however fast the machine: nothing that was
#                 learnt before is used, and no real sample file, which another machine may lack
#   FUZZ_SEED     where to look; 0 is elsewhere each time
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

place=build/fuzz
mkdir -p $place/findings
runner=(.venv/bin/python)
options=("-seed=${FUZZ_SEED:-0}" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 "-artifact_prefix=$place/findings/")
if [ -n "${FUZZ_RUNS:-}" ]; then
  learnt=$place/again
  rm -rf $learnt
  export PYTHONHASHSEED=0 MAILCONNECTOR_SAMPLES=$place/no-samples
  # Where things lie in memory decides the order of some sets. Some containers forbid to have that the same; there the
  # inputs differ after a thousand or so.
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    runner=(setarch "$(uname -m)" -R "${runner[@]}")
  fi
  seeds=$learnt/seeds corpus=$learnt/corpus
else
  seeds=$place/seeds corpus=$place/corpus
fi
mkdir -p $corpus/{pst,mime,files}
"${runner[@]}" fuzz/make_corpus.py $seeds/{pst,mime,files}

fuzz() { # kind, how many inputs for a hundred messages
  local kind=$1 share=$2
  if [ -n "${FUZZ_RUNS:-}" ]; then
    # By name: a folder lists its files in an order of its own.
    find "$seeds/$kind" -type f | LC_ALL=C sort | paste -sd, | tr -d '\n' >"$learnt/$kind.seeds"
    "${runner[@]}" "fuzz/fuzz_$kind.py" "-runs=$((FUZZ_RUNS * share / 100))" -reload=0 "${options[@]}" \
      "-seed_inputs=@$learnt/$kind.seeds" "$corpus/$kind"
  else
    "${runner[@]}" "fuzz/fuzz_$kind.py" "-max_total_time=$((${FUZZ_SECONDS:-60} / 3))" "${options[@]}" \
      "$corpus/$kind" "$seeds/$kind"
  fi
}

fuzz pst 7
fuzz mime 100
fuzz files 160
