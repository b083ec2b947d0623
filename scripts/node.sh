#!/bin/sh
# Runs Node 24 of the npm package `node`, whatever Node the system has.
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
PATH="$here/node_modules/.bin:$PATH" exec "$here/node_modules/.bin/node" "$@"
