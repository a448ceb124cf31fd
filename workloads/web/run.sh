#!/usr/bin/env bash
# nginx on loopback, and load on it: ../README.md.
PATH=$PATH:/usr/sbin
. "$(dirname "$0")/../native.sh"
need nginx
PORT=${PORT:-$(free_port)}
cp -r "$folder/html" "$scratch"
sed "s/listen 8080/listen 127.0.0.1:$PORT/" "$folder/nginx.conf" >"$scratch/nginx.conf"
serve nginx -p "$scratch" -e stderr -c nginx.conf
export SERVER=127.0.0.1:$PORT
wrap "$@"
