#!/bin/sh
# Installs a Python package into .tools/ once, and prints its folder: `pypi.sh PACKAGE VERSION`.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder="$here/.tools/$1-$2"

if [ ! -d "$folder" ]; then
  mkdir -p "$here/.tools"
  work=$(mktemp -d "$here/.tools/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$work/unpacked" \
    "$1==$2" >&2
  # Two set-ups at once: the first one wins, the other's copy goes.
  mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
