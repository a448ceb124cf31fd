"""What all kinds of resources have in common: files, values read from them, and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

from wca_core.builtin.cgroup_control.units import Units
from wca_core.errors import ContractError
from wca_core.linux.files import read_file
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.task import Task
from wca_core.model.write import Change, Write

Texts: TypeAlias = Mapping[str, bytes]
"""What the files of a task hold, by path; files that do not exist are left out."""

Together: TypeAlias = Mapping[AllocationType, Change]
"""The changes of one task that are made together."""


class Unsupported(ContractError):  # noqa: N818  what is so, not a mistake
    """This machine, or this task's cgroup, has no file for it: no value would do."""


class Resource(Protocol):
    """One or a few types of allocations that share files."""

    @property
    def types(self) -> tuple[AllocationType, ...]: ...

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        """The files that tell what is in force of the wanted types."""

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        """What is in force; None if the machine or the cgroup does not have it. Raises `ValueError`."""

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        """What the wish will be once it is in force; the very value in force if no difference counts.

        Raises `ContractError` that says why it cannot be granted, `Unsupported` if no value could.
        """

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[Write]:
        """The writes of the changes of its types, in the order that the kernel demands."""


def answer(change: Change, settled: object) -> Allocation:
    """The allocation in force itself if the value is the very one."""
    in_force = change.in_force
    if in_force is not None and settled is in_force.value:
        return in_force
    return Allocation(change.wanted.task_id, change.wanted.type, settled)


def refusal(change: Change, error: ContractError) -> Refusal:
    return Refusal(change.wanted.task_id, change.wanted.type, str(error), is_unsupported=isinstance(error, Unsupported))


def ended(change: Change) -> Refusal:
    wish, path = change.wanted, change.task.cgroup_path
    return Refusal(wish.task_id, wish.type, f"its cgroup {path} is gone", is_gone=True)


def text_now(path: str, texts: Texts) -> bytes | None:
    """What a file holds that is only looked at when something is to be written; None if it cannot be read."""
    if path in texts:
        return texts[path]
    try:
        return read_file(path)
    except OSError:
        return None


def missing(what: str, directory: str, controller: str) -> Unsupported:
    """`what`: the file."""
    return Unsupported(
        f"{directory} has no {what}: is the controller {controller} enabled in cgroup.subtree_control of its parent?"
    )
