#!/usr/bin/env bash
# Memcached on loopback, and load on it: ../README.md.
. "$(dirname "$0")/../native.sh"
need memcached
PORT=${PORT:-$(free_port)}
serve memcached -l 127.0.0.1 -p "$PORT" -U 0 -m 64 -u nobody
export SERVER=127.0.0.1:$PORT
wrap "$@"
