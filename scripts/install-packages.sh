#!/usr/bin/env bash
# Installs the Debian packages named, as root or through sudo; where that is not possible it says what to install and fails.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: scripts/install-packages.sh PACKAGE..." >&2; exit 2; }

as_root=(env DEBIAN_FRONTEND=noninteractive)
if ! command -v apt-get >/dev/null; then
  echo "Please install what Debian calls: $*" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  # A password is asked for only where there is somebody to type it.
  if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
    echo "This needs packages that only root can install. Please run:  apt-get install $*" >&2
    exit 1
  fi
  as_root=(sudo "${as_root[@]}")
fi

echo "Installing with apt-get: $*" >&2
# The lists of a fresh machine are empty. That some repository cannot be reached matters only if the packages are missing then.
"${as_root[@]}" apt-get update -qq </dev/null >&2 || echo "apt-get update did not reach every repository" >&2
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
