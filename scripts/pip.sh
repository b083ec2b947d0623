#!/bin/sh
# Runs pip on a list of scripts/requirements/: `pip.sh install|download LIST OPTIONS...`. The list has the hashes of all that is
# fetched. Only wheels are taken: to build a source package, pip fetches more, which no list can pin.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
command=$1
list="scripts/requirements/$2.txt"
shift 2

cd "$here"
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
if ! python3 -m pip "$command" --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$list" "$@" \
  >&2 2>"$errors"; then
  cat "$errors" >&2
  if grep -q 'DO NOT MATCH THE HASHES' "$errors"; then
    echo "A download is not the file that $list names by its hash. Nothing of it was used." >&2
  fi
  exit 1
fi
