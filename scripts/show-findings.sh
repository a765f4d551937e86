#!/usr/bin/env bash
# Prints what a fuzzer found, for who does not get at the files of the machine that it ran on.
#
# Usage: show-findings.sh FILE - findings that are newer than this file. They are printed as base64 of gzip, 20 kB of it in
# all; `base64 -d | gunzip` makes the file of it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

left=20000
find build/fuzz/findings -type f -newer "$1" | while IFS= read -r finding; do
  coded=$(gzip -9 -n <"$finding" | base64)
  if [ ${#coded} -gt $left ]; then
    echo "== $finding is too large to be shown: $(stat -c %s "$finding") bytes"
    continue
  fi
  left=$((left - ${#coded}))
  echo "== $finding"
  echo "$coded"
done
