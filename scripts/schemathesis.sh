#!/bin/sh
# Runs schemathesis, pinned: it checks the management API against its own description.
set -eu
folder=$(sh "$(dirname -- "$0")/pypi.sh" schemathesis)
PYTHONPATH="$folder" exec python3 "$folder/bin/schemathesis" "$@"
