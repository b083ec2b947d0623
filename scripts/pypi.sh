#!/bin/sh
# Installs the Python packages of a list of scripts/requirements/ into .tools/ once, and prints their folder: `pypi.sh LIST`.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
# A changed list has a folder of its own.
folder="$here/.tools/$1-$(cksum <"$here/scripts/requirements/$1.txt" | cut -d ' ' -f 1)"

if [ ! -d "$folder" ]; then
  mkdir -p "$here/.tools"
  work=$(mktemp -d "$here/.tools/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  sh "$here/scripts/pip.sh" install "$1" --root-user-action ignore --target "$work/unpacked"
  # If two runs do this at the same time, the first keeps its copy and the other removes its own.
  mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
