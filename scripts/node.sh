#!/bin/sh
# Runs Node 24 from the packages, whatever the system's Node is.
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
PATH="$here/node_modules/.bin:$PATH" exec "$here/node_modules/.bin/node" "$@"
