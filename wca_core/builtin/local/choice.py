"""Which cgroups are tasks: one for each container, service or group of processes, and never one inside another.

| cgroup | it is a task | else |
|---|---|---|
| a container | if processes are in it or below | nothing |
| what watches over a container | never | nothing |
| a service or scope | if processes are in it or below, and no container runs below | the containers below |
| a slice, the service of a user | if processes are in it, and nothing below is a task | what is below |
| any other with processes | if no container or unit runs below | those containers and units |
| any other without | never | what is below |
| the root | if there is no task at all | what is below |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from wca_core.builtin.local.kind import Kind
from wca_core.builtin.local.tree import Cgroup

Runs: TypeAlias = Callable[[Cgroup], bool]

_NAMED = (Kind.CONTAINER, Kind.UNIT)


def tasks_in(root: Cgroup, runs: Runs) -> list[Cgroup]:
    """By path; `runs`: whether processes are in a cgroup, in a container or unit with all below."""
    found = [task for child in root.children.values() for task in _of(child, runs)]
    return sorted(found, key=lambda cgroup: cgroup.path) or [root]


def _of(cgroup: Cgroup, runs: Runs) -> list[Cgroup]:
    match cgroup.kind:
        case Kind.HELPER:
            return []
        case Kind.CONTAINER:
            return _itself(cgroup, runs)
        case Kind.UNIT:
            return list(_containers_below(cgroup, runs)) or _itself(cgroup, runs)
        case Kind.GROUP:
            return _all_below(cgroup, runs) or _itself(cgroup, runs)
        case Kind.PLAIN:
            below = _all_below(cgroup, runs)
            named = [task for task in below if task.kind in _NAMED]
            if below and len(named) == len(below):
                return named  # whether processes are in it makes no difference, so it is not asked
            return (named or [cgroup]) if runs(cgroup) else below


def _itself(cgroup: Cgroup, runs: Runs) -> list[Cgroup]:
    return [cgroup] if runs(cgroup) else []


def _all_below(cgroup: Cgroup, runs: Runs) -> list[Cgroup]:
    return [task for child in cgroup.children.values() for task in _of(child, runs)]


def _containers_below(cgroup: Cgroup, runs: Runs) -> Iterator[Cgroup]:
    for child in cgroup.children.values():
        if child.kind is Kind.CONTAINER:
            yield from _itself(child, runs)
        else:
            yield from _containers_below(child, runs)
