#!/usr/bin/env bash
# Redis on loopback, and load on it: ../README.md.
. "$(dirname "$0")/../native.sh"
need redis-server
PORT=${PORT:-$(free_port)}
serve redis-server --bind 127.0.0.1 --port "$PORT" --save '' --appendonly no --dir "$scratch"
export SERVER=127.0.0.1:$PORT
wrap "$@"
