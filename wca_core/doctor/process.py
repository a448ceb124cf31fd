"""Facts about what this process may do and see on a machine."""

from __future__ import annotations

import os

from wca_core.doctor.fact import Fact
from wca_core.host import Host
from wca_core.linux.capabilities import SECCOMP_FILTER, Capability, Privileges, capabilities_of, read_privileges
from wca_core.linux.file_locks import flock_holder
from wca_core.linux.kernel import read_setting
from wca_core.linux.limits import read_open_files_limit
from wca_core.linux.namespaces import INITIAL, is_own
from wca_core.lock import NODE_LOCKS, default_lock_path
from wca_core.needs import FILES_OF_A_TASK, PID_NAMESPACE_CURE

USED = (
    Capability.DAC_OVERRIDE,
    Capability.DAC_READ_SEARCH,
    Capability.SETUID,
    Capability.SYS_PTRACE,
    Capability.SYS_NICE,
    Capability.PERFMON,
)
"""What features of the project need."""

COUNTERS = ("cpu", "cpu_core", "cpu_atom", "armv8_pmuv3_0", "armv8_pmuv3")
"""How the kernel calls the counters of CPUs in /sys/bus/event_source/devices."""


def privileges(host: Host) -> Fact:
    found, uid = read_privileges(host.proc), os.geteuid()
    missing = [str(one) for one in USED if not found.has(one)]
    remarks = [f"uid {uid}", f"without {', '.join(missing)}" if missing else "with every capability that WCA can use"]
    if found.no_new_privileges:
        remarks.append("no new privileges")
    if found.seccomp == SECCOMP_FILTER:
        remarks.append("a seccomp filter is in force, which may refuse perf_event_open and migrate_pages")
    return Fact(
        topic="privileges",
        text=", ".join(remarks),
        values={
            "uid": uid,
            "effective": _names(found.effective),
            "bounding": _names(found.bounding),
            "ambient": _names(found.ambient),
            "missing": missing,
            "no_new_privileges": found.no_new_privileges,
            "seccomp": found.seccomp,
        },
    )


def _names(mask: int) -> list[str]:
    return [str(one) for one in capabilities_of(mask)]


def perf(host: Host) -> Fact:
    paranoid = read_setting(host.proc, "kernel.perf_event_paranoid")
    watchdog = read_setting(host.proc, "kernel.nmi_watchdog")
    units = [name for name in COUNTERS if os.path.isdir(f"{host.sys}/bus/event_source/devices/{name}")]
    is_permitted = _may_count(read_privileges(host.proc), paranoid)
    advice = ""
    text = "the kernel has no perf events"
    if paranoid is not None:
        text = f"kernel.perf_event_paranoid is {paranoid}; counting is {'' if is_permitted else 'not '}permitted"
        text += f"; counters: {', '.join(units)}" if units else "; this CPU shows no counters"
        text += "; the NMI watchdog uses one of them" if units and watchdog else ""
    if units and not is_permitted:
        advice = "AmbientCapabilities=CAP_PERFMON, or sysctl kernel.perf_event_paranoid=0"
    elif units and watchdog:
        advice = "sysctl kernel.nmi_watchdog=0"
    return Fact(
        topic="perf",
        text=text,
        is_good=is_permitted if units else None,
        advice=advice,
        gain=("one more counter" if is_permitted else "perf events of tasks") if advice else "",
        values={"paranoid": paranoid, "permitted": is_permitted, "counters": units, "nmi_watchdog": bool(watchdog)},
    )


def _may_count(privileges: Privileges, paranoid: int | None) -> bool:
    """All processes of a CPU, as events of cgroups do: perf_event_open(2)."""
    if paranoid is None:
        return False
    return paranoid <= 0 or privileges.has(Capability.PERFMON) or privileges.has(Capability.SYS_ADMIN)


def open_files(host: Host) -> Fact:
    limit = read_open_files_limit(host.proc)
    tasks = limit // 2 // FILES_OF_A_TASK
    return Fact(
        topic="open-files",
        text=f"at most {limit}, of which half are kept for tasks: room for {tasks} of one cgroup each",
        values={"limit": limit, "tasks": tasks},
    )


def namespaces(host: Host) -> Fact:
    """A namespace of one's own is bad, but for user namespaces, which say nothing about what is visible."""
    own = {kind: is_own(host.proc, kind) for kind in INITIAL}
    private = [kind for kind, is_private in own.items() if is_private]
    unknown = [kind for kind, is_private in own.items() if is_private is None]
    advice, gain = "", ""
    if own["pid"]:
        advice, gain = PID_NAMESPACE_CURE, "processes of tasks, and the /proc of the host"
    elif own["cgroup"]:
        advice = "--cgroupns=host for the container, or the host's /sys/fs/cgroup mounted into it"
        gain = "cgroups outside of this container"
    text = f"a container: {', '.join(private)} of its own" if private else "those of the host"
    if unknown:
        text = f"{text if private else 'no container as far as can be told'}; not known: {', '.join(unknown)}"
    return Fact(
        topic="namespaces",
        text=text,
        is_good=None if unknown and not private else not (own["pid"] or own["cgroup"]),
        advice=advice,
        gain=gain,
        values={kind: {None: None, True: "own", False: "host"}[is_private] for kind, is_private in own.items()},
    )


def lock(host: Host) -> Fact:
    """Of an agent of this user and of those of the node, here and on the machine that is measured."""
    paths = dict.fromkeys((default_lock_path(), *NODE_LOCKS, *map(host.path, NODE_LOCKS)))
    for path in paths:
        holder = flock_holder(host.proc, path)
        if holder is not None:
            return Fact(
                topic="lock",
                text=f"an agent runs: process {holder} holds {path}, so a second one is refused",
                values={"path": path, "process": holder},
            )
    return Fact(topic="lock", text="no other agent runs", values={"path": None, "process": None})
