"""What counting for tasks needs of a machine."""

from __future__ import annotations

import os
from functools import partial

from wca_core.errors import WcaError
from wca_core.host import Host
from wca_core.linux.limits import read_open_files_limit
from wca_core.model.requirement import Requirement
from wca_rdt.perf.descriptors import RESERVE
from wca_rdt.perf.place import tree_of
from wca_rdt.perf.preparation import Prepared, Wishes, prepared
from wca_rdt.perf.privileges import CURE, why_forbidden
from wca_rdt.perf.processor import has_watchdog
from wca_rdt.perf.trial import try_cgroup, try_whole_cpu

LOST = "all counters of tasks"
USUAL = ("task_instructions", "task_cycles")
"""Looked for while nobody asks for any."""

MOST_TASKS = 110
"""Pods that a node of Kubernetes takes unless told otherwise."""


def needs(wishes: Wishes) -> list[Requirement]:
    option = "" if wishes.names else "event_names"
    wanted = wishes if wishes.names else Wishes(names=USUAL)
    return [_events(option), _counting(wanted, option), _cgroups(option), _watchdog(option), _files(wanted, option)]


def _events(option: str) -> Requirement:
    return Requirement(
        need="perf events of whole CPUs: CAP_PERFMON, or kernel.perf_event_paranoid of 0 or less",
        is_met=lambda host: _why_no_events(host) == "",
        found=_why_no_events,
        cure=CURE,
        lost=LOST,
        only_with=option,
    )


def _counting(wanted: Wishes, option: str) -> Requirement:
    names = ", ".join(wanted.names)
    return Requirement(
        need=f"counters for {names} that count (tried on a known work)",
        is_met=lambda host: _why_not_counted(wanted, host) == "",
        found=partial(_why_not_counted, wanted),
        cure="in a virtual machine, let it have a virtual PMU (vpmu, pmu=on), or name only events that are there: "
        "task_task_clock_seconds, task_context_switches and task_page_faults are everywhere",
        required=False,
        lost=names,
        only_with=option,
    )


def _cgroups(option: str) -> Requirement:
    return Requirement(
        need="cgroups by which the kernel counts",
        is_met=lambda host: _why_no_cgroup(host) == "",
        found=_why_no_cgroup,
        cure="a kernel built with CONFIG_CGROUP_PERF=y; on one just booted with v2 only, write once to "
        "/sys/fs/cgroup/cgroup.subtree_control; unmount v1 trees of perf_event that nobody uses",
        lost=LOST,
        only_with=option,
    )


def _watchdog(option: str) -> Requirement:
    return Requirement(
        need="all counters of each CPU",
        is_met=lambda host: not has_watchdog(host.proc),
        found=lambda host: "the NMI watchdog has one of them",
        cure="sysctl kernel.nmi_watchdog=0",
        required=False,
        lost="one event at a time",
        only_with=option,
    )


def _files(wanted: Wishes, option: str) -> Requirement:
    return Requirement(
        need=f"room for the files of counters of {MOST_TASKS} tasks, {len(wanted.names)} for each CPU and one more",
        is_met=lambda host: _room(wanted, host) >= MOST_TASKS,
        found=lambda host: (
            f"the limit of {read_open_files_limit(host.proc)} files has room for {_room(wanted, host)} tasks"
        ),
        cure="LimitNOFILE=500000 in the systemd unit, --ulimit nofile=500000 for the container, or fewer CPUs with "
        "perf_cpus",
        required=False,
        lost="counters of further tasks",
        only_with=option,
    )


def _why_no_events(host: Host) -> str:
    try:
        try_whole_cpu(host.platform.online_cpus[0])
    except PermissionError:
        return why_forbidden(host.proc)
    except OSError as error:
        return f"the kernel refuses them: {error}"
    return ""


def _why_no_cgroup(host: Host) -> str:
    tree = tree_of(host.hierarchies)
    if tree is None:
        return "neither cgroup2 nor a tree of perf_event is mounted"
    try:
        try_cgroup(tree.directory, host.platform.online_cpus[0])
    except OSError as error:
        return f"{tree.directory}: {os.strerror(error.errno or 0)}"
    return ""


def _why_not_counted(wishes: Wishes, host: Host) -> str:
    try:
        found = prepared(wishes, host)
    except WcaError as error:
        return str(error)
    return _told(found)


def _told(found: Prepared) -> str:
    reasons = dict.fromkeys(found.lacks.values())
    return "; ".join(
        f"{', '.join(name for name, why in found.lacks.items() if why == reason)}: {reason}" for reason in reasons
    )


def _room(wishes: Wishes, host: Host) -> int:
    """For how many tasks of one cgroup: half of the limit is kept for files of cgroups."""
    of_a_task = 1 + len(wishes.names) * host.platform.cpus
    return max(0, read_open_files_limit(host.proc) // 2 - RESERVE) // of_a_task
