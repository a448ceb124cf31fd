"""Wishes of several allocators become one for each resource of a task: that of the plugin named first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.model.allocation import Allocation, AllocationType

Place: TypeAlias = tuple[str, AllocationType]
"""A resource of a task: id and type."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished, and by which plugin."""

    allocation: Allocation
    plugin: str

    @property
    def place(self) -> Place:
        return self.allocation.task_id, self.allocation.type


@dataclass(frozen=True, slots=True)
class Merged:
    """One wish for each place, and those that another plugin's went before."""

    wishes: Mapping[Place, Wish]
    overruled: tuple[Wish, ...]
    """Only those that wanted something else."""


def merged(outputs: Iterable[tuple[str, Iterable[Allocation]]]) -> Merged:
    """The outputs of plugins by name, in their order. Of several wishes of one plugin for one place the last counts."""
    wishes: dict[Place, Wish] = {}
    overruled: list[Wish] = []
    for plugin, allocations in outputs:
        own = {(allocation.task_id, allocation.type): Wish(allocation, plugin) for allocation in allocations}
        for place, wish in own.items():
            first = wishes.setdefault(place, wish)
            if first is not wish and not is_same(first.allocation.value, wish.allocation.value):
                overruled.append(wish)
    return Merged(wishes, tuple(overruled))


def is_same(one: object, other: object) -> bool:
    """Whether two values are equal; those that refuse to be compared are not."""
    if one is other:
        return True
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  values are a plugin's, and some (arrays) refuse to be compared
        return False
