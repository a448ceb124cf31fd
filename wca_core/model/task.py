"""A task: what an orchestrator runs as one unit, and the cgroups in which it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wca_core.errors import ContractError

if TYPE_CHECKING:
    from wca_core.model.metric import Metric, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of one node.

    Tasks are interned by the agent: as long as nothing about a task changes, hooks are given the
    very same object step after step, so identity may be used to notice a change.

    Raises `ContractError` for a field of another type: one odd label must not cost the whole node its page.
    """

    task_id: str
    """Unique on this node."""
    name: str
    cgroup_path: str
    """Starts with `/`, relative to the root of the hierarchy, the same for every controller."""
    subcgroups_paths: tuple[str, ...] = ()
    """The containers of a task that has several; usage is then read there, not in `cgroup_path`."""
    controller_paths: Mapping[str, str] = field(default_factory=dict)
    """Where a cgroup v1 controller has this task at another path: controller -> path."""
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, float | str] = field(default_factory=dict)
    """What the task asked for, if known: `cpus` [CPUs], `mem` [bytes], `disk` [bytes], and more."""
    series_cache: dict[tuple[Metric, tuple[str, ...]], Series] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        fits = {
            "task_id": isinstance(self.task_id, str),
            "name": isinstance(self.name, str),
            "cgroup_path": isinstance(self.cgroup_path, str),
            "subcgroups_paths": isinstance(self.subcgroups_paths, tuple) and _are_texts(self.subcgroups_paths),
            "controller_paths": _is_text_by_text(self.controller_paths),
            "labels": _is_text_by_text(self.labels),
            "resources": isinstance(self.resources, Mapping) and _are_texts(self.resources),
        }
        if not all(fits.values()):
            wrong = next(name for name, is_right in fits.items() if not is_right)
            raise ContractError(f"task {self.task_id!r}: {wrong} is {getattr(self, wrong)!r}, of the wrong type")

    @property
    def cgroup_paths(self) -> tuple[str, ...]:
        """The cgroups to measure: the containers if there are any, else the task's own."""
        return tuple(dict.fromkeys(self.subcgroups_paths)) or (self.cgroup_path,)

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels of every sample of this task: its own, with `task_id` and `task_name`."""
        return {**self.labels, "task_id": self.task_id, "task_name": self.name}


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_text_by_text(mapping: object) -> bool:
    return isinstance(mapping, Mapping) and _are_texts(mapping) and _are_texts(mapping.values())


def interned(new: Iterable[Task], known: Mapping[str, Task]) -> list[Task]:
    """`new` with the known object in the place of every task that did not change."""
    return [
        old if (old := known.get(task.task_id)) is not None and (old is task or old == task) else task for task in new
    ]
