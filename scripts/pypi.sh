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
  # If two runs do this at the same time, the first keeps its copy and the other removes its own.
  mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
