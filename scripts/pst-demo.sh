#!/usr/bin/env bash
# Shows the PST commands at work: makes a PST file of each kind, fills it with mail, lists, exports and checks it.
#
#   scripts/pst-demo.sh DIRECTORY      (made anew; it is left for you to look at)
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: scripts/pst-demo.sh DIRECTORY" >&2; exit 2; }
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=$1
rm -rf "$directory"
mkdir -p "$directory"

title() { printf '\n== %s\n' "$*"; }
run() { printf '\n$ %s\n' "$*"; "$@"; }

python "$scripts/demo_mail.py" "$directory/mail"
cd "$directory"
singles=(mail/single/*.eml)
wanted=$((${#singles[@]} + $(grep -c '^From ' mail/archive.mbox) + $(find mail/Maildir/new mail/Maildir/cur -type f | wc -l)))

for format in unicode ansi; do
  title "A new PST file, $format"
  run mailconnector pst create "$format.pst" --format "$format"
  title "Mail into it: single files, an mbox and a Maildir"
  run mailconnector pst import "$format.pst" mail/single/*.eml --folder Inbox
  run mailconnector pst import "$format.pst" mail/archive.mbox mail/Maildir --folder Archive
  title "What is in it"
  run mailconnector pst info "$format.pst"
  run mailconnector pst ls "$format.pst"
  title "Mail out of it"
  run mailconnector pst export "$format.pst" "$format-eml" --format eml
  run mailconnector pst export "$format.pst" "$format-mbox" --format mbox
  run mailconnector pst export "$format.pst" "$format-maildir" --format maildir
  found=$(find "$format-eml" -name '*.eml' | wc -l)
  echo "$wanted messages went in, $found came out"
  [ "$found" -eq "$wanted" ] || { echo "That is not all of it." >&2; exit 1; }
  title "Is it whole?"
  run mailconnector pst check "$format.pst"
done

if command -v lspst >/dev/null; then
  title "What another program, lspst, sees in it"
  run lspst unicode.pst
fi
title "Done"
echo "Everything is in $directory: unicode.pst, ansi.pst, and the mail that went in and came out."
