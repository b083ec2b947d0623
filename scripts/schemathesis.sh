#!/bin/sh
# Runs schemathesis, pinned, unpacked into .schemathesis/ once: it checks the management API against its own description.
set -eu
version=4.32.5
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder="$here/.schemathesis/$version"

if [ ! -x "$folder/bin/schemathesis" ]; then
  mkdir -p "$here/.schemathesis"
  work=$(mktemp -d "$here/.schemathesis/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$work/unpacked" \
    "schemathesis==$version" >&2
  # Two set-ups at once: the first one wins, the other's copy goes.
  mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -x "$folder/bin/schemathesis" ]
fi
PYTHONPATH="$folder" exec python3 "$folder/bin/schemathesis" "$@"
