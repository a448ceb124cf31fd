# The guest's first process: sh guest_init.sh JOB. Started by machine.py, which writes JOB: the settings
# and the functions `kept_folders` and `command`. Anything that fails here ends the guest without a verdict.
set -eu
. "$1"

# The root is this machine's own, read-only. What must be written goes to tmpfs.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null || [ -c /dev/null ]   # the kernel may have mounted it already
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mkdir -p /run/beneath /run/home

# An empty, writable folder in which the checkout and its Python are still where they were.
make_writable() {
    mount --bind "$1" /run/beneath
    mount -t tmpfs tmpfs "$1"
    kept_folders | while read -r kept; do
        case $kept in
        "$1"/*)
            mkdir -p "$kept"
            mount --bind "/run/beneath${kept#"$1"}" "$kept" ;;
        esac
    done
    umount /run/beneath
}
make_writable /tmp
make_writable /var/tmp

mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo '+cpu +cpuset +memory +io +pids' > /sys/fs/cgroup/cgroup.subtree_control
if type ip >/dev/null 2>&1; then ip link set lo up; fi

export PATH WCA_VM_KERNEL WCA_VM_COUNTED WCA_VM_NODES WCA_VM_CPUS_PER_NODE WCA_VM_MEMORY_PER_NODE_MB
export WCA_VM=1 HOME=/run/home LANG=C.UTF-8 TERM=dumb
export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=/run/hypothesis
cd "$CHECKOUT"
echo "@@ $TOKEN started"
rc=0
command </dev/null || rc=$?
# The newline first: the command may have left the last line open.
printf '\n@@ %s ended %s.\n' "$TOKEN" "$rc"
# Not /proc/sysrq-trigger: it returns, and a first process that goes on after its root is gone panics.
exec "$PYTHON" -I -S -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
