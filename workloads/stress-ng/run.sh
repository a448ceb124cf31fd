#!/usr/bin/env bash
# stress-ng until it is ended, or for DURATION seconds: ../README.md.
. "$(dirname "$0")/../native.sh"
need stress-ng
export DIRECTORY=${DIRECTORY:-$scratch}
wrap "$@"
