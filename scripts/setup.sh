#!/usr/bin/env bash
# Makes ready what a target of the Makefile needs. Quick when it is ready already.
#
#   scripts/setup.sh run    the virtual environment .venv with the package in it, the private servers' Python part too
#   scripts/setup.sh demo   also the private mail server
#   scripts/setup.sh dev    also the linters, the test runner, the foreign programs and all private mail servers
#   scripts/setup.sh fuzz   also the fuzzer
#
# PYTHON names the interpreter to use; by default it is the first new enough one of python3, python3.14, python3.13 ...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=.venv

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  if [ -z "${PYTHON:-}" ] && ! command -v python3 >/dev/null; then
    scripts/install-packages.sh python3 || return
  fi
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  echo "Python 3.11 or newer is needed; ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1)." \
    "Install a newer one and name it:  make PYTHON=/path/to/python" >&2
  return 1
}

# Whether the environment is whole and was made here: a moved or copied one holds the paths of its old place.
venv_works() {
  grep -qsF "$(pwd -P)/$venv" $venv/bin/activate && $venv/bin/python -m pip --version >/dev/null 2>&1
}

# What the stamp of a finished installation holds: other requirements or another interpreter, and it is done again.
fingerprint() { { cat pyproject.toml; $venv/bin/python -VV; } | cksum; }

install_extra() {
  local extra=$1 stamp=$venv/.installed-$1
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; then
    return
  fi
  echo "Installing mailconnector${extra:+[$extra]} into $venv" >&2
  $venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -e ".${extra:+[$extra]}" </dev/null >&2
  fingerprint >"$stamp"
}

case ${1:-} in
  run | demo) extra=lab ;;
  dev | fuzz) extra=$1 ;;
  *) echo "usage: scripts/setup.sh run|demo|dev|fuzz" >&2; exit 2 ;;
esac

packages=()
if [ "$extra" = dev ] && ! { command -v readpst && command -v lspst; } >/dev/null; then
  packages+=(pst-utils)
fi
if [ "$extra" = dev ] && ! command -v pffexport >/dev/null; then
  packages+=(pff-tools)
fi
if [ "$extra" = dev ] && ! command -v mbsync >/dev/null; then
  packages+=(isync)
fi
if [ "$extra" = dev ] && ! command -v msgconvert >/dev/null; then
  packages+=(libemail-outlook-message-perl)
fi
for pair in gpg:gnupg openssl:openssl; do
  if [ "$extra" = dev ] && ! command -v "${pair%:*}" >/dev/null; then
    packages+=("${pair#*:}")
  fi
done
python=
if ! venv_works; then
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    packages+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
  fi
fi
[ ${#packages[@]} -eq 0 ] || scripts/install-packages.sh "${packages[@]}"
if [ -n "$python" ]; then
  echo "Making $venv with $("$python" --version)" >&2
  "$python" -m venv --clear $venv </dev/null >&2
fi
install_extra "$extra"
if [ "$1" = demo ]; then
  $venv/bin/mailconnector lab install --server dovecot
fi
# Kolab's own library, for the Python that is Debian's. Not every release has it, so it is tried once.
if [ "$extra" = dev ] && [ ! -f $venv/.tried-kolabformat ] && ! /usr/bin/python3 -c 'import kolabformat' 2>/dev/null; then
  touch $venv/.tried-kolabformat
  scripts/install-packages.sh python3-kolabformat ||
    echo "Tests that need python3-kolabformat, which is missing, are going to be skipped." >&2
fi
if [ "$extra" = dev ] && ! $venv/bin/mailconnector lab install; then
  echo "Tests that need a private mail server which is missing are going to be skipped." >&2
fi
