"""What measuring cgroups needs of a machine: mounted trees, controllers that tasks have, room for open files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.cgroup import Tree
from wca_core.linux.controllers import has_processes, offered, passed_on, read_controllers
from wca_core.linux.limits import read_open_files_limit
from wca_core.linux.namespaces import is_own
from wca_core.linux.processes import subtree
from wca_core.model.metric import Metric
from wca_core.model.requirement import Requirement
from wca_core.needs import FILES_OF_A_TASK, why_unreadable


@dataclass(frozen=True, slots=True)
class Part:
    """What one controller tells of a task."""

    v1: str
    v2: str
    """Empty: every cgroup of v2 has it."""
    metrics: tuple[str, ...]
    """How the names begin of those that are lost without it."""
    kernel: str
    """The option with which the kernel is built."""

    @property
    def names(self) -> str:
        """For people."""
        if not self.v2:
            return f"{self.v1} (only on v1)"
        return self.v1 if self.v2 == self.v1 else f"{self.v2} ({self.v1} on v1)"


PARTS = (
    Part("cpuacct", "", ("task_cpu_usage", "task_cpu_user", "task_cpu_system"), "CONFIG_CGROUP_CPUACCT"),
    Part(
        "cpu",
        "cpu",
        ("task_cpu_periods", "task_cpu_throttled", "task_cpu_burst", "task_cpu_limit"),
        "CONFIG_CFS_BANDWIDTH",
    ),
    Part("memory", "memory", ("task_mem_",), "CONFIG_MEMCG"),
    Part("blkio", "io", ("task_io_",), "CONFIG_BLK_CGROUP"),
    Part("pids", "pids", ("task_pids",), "CONFIG_CGROUP_PIDS"),
)


def needs(metrics: Iterable[Metric]) -> list[Requirement]:
    """`metrics`: those that are wanted."""
    names = [metric.name for metric in metrics]
    wanted = [part for part in PARTS if any(name.startswith(part.metrics) for name in names)]
    return [MOUNTED, *map(_controller, wanted), READABLE, ROOM]


def _controller(part: Part) -> Requirement:
    return Requirement(
        need=f"controller {part.names}, in the cgroups of tasks",
        is_met=partial(_is_there, part),
        found=partial(_why_not, part),
        cure=partial(_cure, part),
        required=False,
        lost=", ".join(f"{name}*" for name in part.metrics),
    )


def _is_there(part: Part, host: Host) -> bool:
    if part.v1 in host.hierarchies.v1:
        return True
    unified = host.hierarchies.unified
    if unified is None or not part.v2:
        return unified is not None
    top = unified.directory
    return part.v2 in passed_on(top) or (part.v2 in offered(top) and not _below(unified))


def _why_not(part: Part, host: Host) -> str:
    unified = host.hierarchies.unified
    if unified is not None and part.v2 in offered(unified.directory):
        return f"{unified.directory} has it and does not pass it on"
    return "it is in no tree"


def _cure(part: Part, host: Host) -> str:
    """By where the controller gets lost on its way from the kernel to a task."""
    unified = host.hierarchies.unified
    if unified is not None and part.v2 in offered(unified.directory):
        return f"echo +{part.v2} > {unified.directory}/cgroup.subtree_control"
    enabled = read_controllers(host.proc).get(part.v1)
    if enabled is None:
        return f"boot without cgroup_disable={part.v1}; if it is still missing, a kernel built with {part.kernel}=y"
    if not enabled:
        return f"boot with cgroup_enable={part.v1} and without cgroup_disable={part.v1}"
    if host.hierarchies.v1:
        directory = f"/sys/fs/cgroup/{part.v1}"
        return f"mkdir -p {directory} && mount -t cgroup -o {part.v1} {part.v1} {directory}"
    if is_own(host.proc, "cgroup"):
        return "--cgroupns=host for the container, with the host's /sys/fs/cgroup mounted"
    return f"unmount the v1 tree that holds {part.v1}, or boot with systemd.unified_cgroup_hierarchy=1"


def _why_not_mounted(host: Host) -> str:
    try:
        host.hierarchies  # noqa: B018  it raises
    except HostError as error:
        return str(error).partition(" (")[0]
    return ""


MOUNTED = Requirement(
    need="a mounted cgroup hierarchy",
    is_met=lambda host: _why_not_mounted(host) == "",
    found=_why_not_mounted,
    cure="mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    lost="task_*",
)


def _unreadable(host: Host) -> str | None:
    """Why one of the first cgroups of a tree cannot be read."""
    files = (f"{_first_below(tree) or tree.directory}/cgroup.procs" for tree in _trees(host))
    return next((reason for file in files if (reason := why_unreadable(file)) is not None), None)


READABLE = Requirement(
    need="permission to read the files of cgroups",
    is_met=lambda host: _unreadable(host) is None,
    found=lambda host: _unreadable(host) or "",
    cure="AmbientCapabilities=CAP_DAC_READ_SEARCH in the systemd unit, "
    "or capabilities: {add: [DAC_READ_SEARCH]} in the container, or run as root",
    required=False,
    lost="task_* of cgroups that cannot be read",
)


def _room(host: Host) -> int:
    """For how many tasks files can be kept open: half of the limit is theirs."""
    return read_open_files_limit(host.proc) // 2 // FILES_OF_A_TASK


def _with_processes(host: Host) -> int:
    """How many cgroups could be tasks now: those that hold processes, in the tree that has most of them."""
    return max((sum(map(has_processes, subtree(tree.directory))) for tree in _trees(host)), default=0)


ROOM = Requirement(
    need=f"room for the open files of all tasks, {FILES_OF_A_TASK} of each",
    is_met=lambda host: _room(host) >= _with_processes(host),
    found=lambda host: (
        f"the limit of {read_open_files_limit(host.proc)} files has room for {_room(host)} tasks, "
        f"{_with_processes(host)} cgroups hold processes"
    ),
    cure="LimitNOFILE=500000 in the systemd unit, --ulimit nofile=500000 for the container, or ulimit -n 500000",
    required=False,
    lost="speed: files of further tasks are opened and closed in each step, at ten times the cost",
)


def _trees(host: Host) -> Sequence[Tree]:
    """Those that tasks are measured in."""
    found = (host.hierarchies.tree(name) for part in PARTS for name in (part.v1, part.v2) if name)
    return list({tree.directory: tree for tree in found if tree is not None}.values())


def _first_below(tree: Tree) -> str | None:
    return next(iter(_below(tree)), None)


def _below(tree: Tree) -> list[str]:
    """The directories of the cgroups directly below the top of a tree."""
    try:
        with os.scandir(tree.directory) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
