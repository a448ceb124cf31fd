#!/usr/bin/env bash
# fio until it is ended, or for DURATION seconds: ../README.md.
. "$(dirname "$0")/../native.sh"
need fio
export DIRECTORY=${DIRECTORY:-$scratch}
wrap "$@"
