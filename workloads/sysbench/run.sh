#!/usr/bin/env bash
# sysbench until it is ended, or for DURATION seconds: ../README.md.
. "$(dirname "$0")/../native.sh"
need sysbench
wrap "$@"
