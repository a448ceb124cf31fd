"""Facts about cgroups: what is mounted where, which controllers there are, and which cgroups lack them."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from wca_core.doctor.fact import Fact
from wca_core.host import Host
from wca_core.linux.cgroup import Mode
from wca_core.linux.controllers import has_processes, offered, passed_on, read_controllers
from wca_core.linux.mounts import read_mounts
from wca_core.linux.processes import subtree

MEASURED = ("cpu", "memory", "io", "pids")
"""The controllers of v2 whose files are read."""
MOST_LOOKED_AT = 5000
"""Cgroups; each costs two reads."""


def hierarchies(host: Host) -> Fact:
    found = host.hierarchies
    places = [mount for mount in read_mounts(host.root, host.proc) if mount.filesystem in ("cgroup", "cgroup2")]
    unified = found.unified.directory if found.unified else None
    read_only = sorted({mount.point for mount in places if mount.is_read_only})
    text = {Mode.V1: "v1 only", Mode.V2: f"v2 only, at {unified}", Mode.HYBRID: f"v1, and v2 at {unified}"}[found.mode]
    if read_only:
        text += f"; read-only: {', '.join(read_only)}"
    return Fact(
        topic="cgroups",
        text=text,
        is_good=True,
        values={
            "mode": found.mode.value,
            "v1": {controller: tree.directory for controller, tree in sorted(found.v1.items())},
            "v2": unified,
            "read_only": read_only,
        },
    )


def controllers(host: Host) -> Fact:
    known, found = read_controllers(host.proc), host.hierarchies
    top = found.unified.directory if found.unified else None
    on_v2 = offered(top) if top else frozenset()
    given = passed_on(top) if top else frozenset()
    disabled = sorted(name for name, is_enabled in known.items() if not is_enabled)
    placed = {*found.v1, *on_v2, *disabled, *(IMPLICIT if top else ())}
    homeless = sorted(name for name in known if not {name, V2_NAMES.get(name, name)} & placed)
    parts = {
        "v1": sorted(found.v1),
        "v2": sorted(on_v2 & given),
        "v2, not passed on by the top": sorted(on_v2 - given),
        "disabled at boot": disabled,
        "in no tree": homeless,
    }
    return Fact(
        topic="controllers",
        text="; ".join(f"{where}: {', '.join(names)}" for where, names in parts.items() if names) or "none",
        is_good=None,
        values={
            "v1": parts["v1"],
            "v2": sorted(on_v2),
            "v2_passed_on": sorted(given),
            "disabled": disabled,
            "in_no_tree": homeless,
        },
    )


V2_NAMES = {"blkio": "io", "cpuacct": "cpu"}
"""How v2 calls what /proc/cgroups calls by its name on v1."""
IMPLICIT = frozenset({"devices", "freezer", "net_cls", "net_prio", "perf_event"})
"""What v2 does without naming a controller."""


def delegation(host: Host) -> Fact | None:
    """Which cgroups with processes lack controllers of v2; None where these are all on v1."""
    unified = host.hierarchies.unified
    wanted = offered(unified.directory) & frozenset(MEASURED) if unified else frozenset()
    if unified is None or not wanted:
        return None
    top = unified.directory
    looked_at, lacking = 0, Counter[str]()
    example: dict[str, str] = {}
    for directory in islice(subtree(top), MOST_LOOKED_AT):
        if directory != top and has_processes(directory):
            looked_at += 1
            for controller in wanted - offered(directory):
                lacking[controller] += 1
                example.setdefault(controller, directory)
    values = {"looked_at": looked_at, "lacking": dict(lacking), "examples": dict(example)}
    if not looked_at:
        return Fact(topic="delegation", text="no cgroup of v2 but the top holds processes", values=values)
    if not lacking:
        text = f"all {looked_at} cgroups with processes have {', '.join(sorted(wanted))}"
        return Fact(topic="delegation", text=text, is_good=True, values=values)
    counts = ", ".join(f"{count} lack {controller}" for controller, count in sorted(lacking.items()))
    return Fact(
        topic="delegation",
        text=f"of {looked_at} cgroups with processes on v2, {counts} (such as {next(iter(example.values()))})",
        is_good=False,
        advice=_enabling(top, example),
        gain="all metrics of those cgroups; with systemd, Delegate=yes in the unit that owns them keeps it so",
        values=values,
    )


def _enabling(top: str, example: dict[str, str]) -> str:
    """The command for the first cgroup on the way to an example that does not pass the controller on."""
    controller, directory = next(iter(example.items()))
    above = top
    for name in directory.removeprefix(top).strip("/").split("/"):
        if controller not in passed_on(above):
            break
        above = f"{above}/{name}"
    return f"echo +{controller} > {above}/cgroup.subtree_control"
