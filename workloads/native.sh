# Sourced by the run scripts: a workload on this machine, its server in a cgroup of its own, everything gone at the end.
# The variables that a user may set are told in README.md.
set -euo pipefail

folder=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$folder")
CGROUP=${CGROUP:-$name}
export WORKLOAD_INSTANCE=${WORKLOAD_INSTANCE:-$name}
scratch=""  # a folder for what the programs leave
trees=()    # directories of cgroup hierarchies
cgroups=()  # directories that we made
server=""
wrapping=""
holding=""  # something begins that must be noted before a signal may end us
held=""

complain() { echo "$name: $*" >&2; exit 1; }

need() {
  for program; do command -v "$program" >/dev/null || complain "$program is not installed"; done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Version 1: the trees of these controllers. Version 2: the one tree. Of both at once: version 1, where the controllers are.
find_trees() {
  local point kind options unified="" controller
  while read -r _ point kind options _; do
    [ "$kind" = cgroup2 ] && unified=$point
    [ "$kind" = cgroup ] || continue
    for controller in cpu cpuacct cpuset memory blkio; do
      case ",$options," in *",$controller,"*) trees+=("$point"); break ;; esac
    done
  done </proc/self/mounts
  if [ ${#trees[@]} = 0 ] && [ -n "$unified" ]; then
    trees=("$unified")
    for controller in cpu cpuset memory io; do
      echo "+$controller" >"$unified/cgroup.subtree_control" || true
    done 2>/dev/null
  fi
}

make_cgroup() {
  local tree file
  find_trees
  if [ "$(id -u)" != 0 ] || [ ${#trees[@]} = 0 ] || [ ! -w "${trees[0]}" ]; then
    echo "$name: no cgroup of its own: that takes root, and a hierarchy that can be written" >&2
    return 0
  fi
  for tree in "${trees[@]}"; do
    hold
    (trap '' TERM INT; exec mkdir "$tree/$CGROUP") || complain "$CGROUP runs already, or was left over; or choose another: CGROUP=NAME"
    cgroups+=("$tree/$CGROUP")
    release
    for file in cpuset.cpus cpuset.mems; do # version 1 refuses processes without them
      if [ -e "$tree/tasks" ] && [ -e "$tree/$file" ]; then cat "$tree/$file" >"$tree/$CGROUP/$file"; fi
    done
    if [ -n "${CPUS:-}" ] && [ -e "$tree/$CGROUP/cpuset.cpus" ]; then echo "$CPUS" >"$tree/$CGROUP/cpuset.cpus"; fi
  done
}

# Become a program in the cgroup; for a subshell.
enter_and_become() {
  local cgroup
  for cgroup in ${cgroups[@]+"${cgroups[@]}"}; do echo "$BASHPID" >"$cgroup/cgroup.procs"; done
  exec "$@"
}

# Start the server and wait until it listens on $PORT.
serve() {
  hold
  (enter_and_become "$@") >"$scratch/server.log" 2>&1 &
  server=$!
  release
  until (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { cat "$scratch/server.log" >&2; complain "the server ended"; }
    sleep 0.05
  done
}

# Run the wrapper with the options behind the script's name: beside a server, or itself in the cgroup if there is none.
# Its exit code is ours, signals go to it.
wrap() {
  if [ -n "${DURATION:-}" ]; then set -- --restart no "$@"; fi
  set -- wca-wrapper --config "$folder/wrapper.yaml" "$@"
  if [ -n "$server" ]; then set -- ${LOAD_WITH:-} "$@"; fi
  hold
  if [ -n "$server" ]; then "$@" & else (enter_and_become "$@") & fi
  wrapping=$!
  release
  local code=0
  wait "$wrapping" || code=$?
  while kill -0 "$wrapping" 2>/dev/null; do # a signal came in between
    code=0
    wait "$wrapping" || code=$?
  done
  exit "$code"
}

on_signal() {
  if [ -n "$holding" ]; then held=1
  elif [ -n "$wrapping" ]; then kill -TERM "$wrapping" 2>/dev/null || true
  else exit 143
  fi
}

hold() { holding=1; }

release() {
  holding=""
  if [ -n "$held" ]; then held=""; on_signal; fi
}

end() {
  local process cgroup
  for process in $wrapping $server; do
    kill -TERM "$process" 2>/dev/null || continue
    wait "$process" 2>/dev/null || true
  done
  for cgroup in ${cgroups[@]+"${cgroups[@]}"}; do remove "$cgroup"; done
  if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
}

# The kernel refuses for a moment after the last process has ended.
remove() {
  local process attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    while read -r process; do kill -KILL "$process" 2>/dev/null || true; done <"$1/cgroup.procs"
    if rmdir "$1" 2>/dev/null; then return 0; fi # in a trap, a bare return is that of what was trapped
    sleep 0.1
  done
  echo "$name: $1 cannot be removed" >&2
}

trap end EXIT
trap on_signal TERM INT
hold
scratch=$(trap '' TERM INT; exec mktemp -d "${TMPDIR:-/tmp}/wca-$name.XXXXXX")
release
chmod 755 "$scratch"
need wca-wrapper wca-load python3
make_cgroup
