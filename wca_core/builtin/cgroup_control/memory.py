"""How much memory a cgroup may have before it is slowed down, and how much is protected from being taken away.

Documentation/admin-guide/cgroup-v2.rst (`memory.high`, `memory.low`, `memory.min`); of these v1 has the soft limit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from wca_core.builtin.cgroup_control.directories import Directories
from wca_core.builtin.cgroup_control.resource import Texts, Together, Unsupported, missing
from wca_core.builtin.cgroup_control.units import Units
from wca_core.enforcement.values import UNLIMITED, memory_limit_of, number_of
from wca_core.file_write import FileWrite
from wca_core.model.allocation import AllocationType
from wca_core.model.task import Task
from wca_core.model.write import Change

NAMES = {
    AllocationType.MEMORY_HIGH: ("memory.high", None),
    AllocationType.MEMORY_LOW: ("memory.low", "memory.soft_limit_in_bytes"),
    AllocationType.MEMORY_MIN: ("memory.min", None),
}
"""The files of v2 and of v1."""

PAGE = os.sysconf("SC_PAGE_SIZE")
MOST = (2**63 - 1) // PAGE * PAGE
"""What v1 shows for no limit."""


class Memory:
    """One of the three types; values are bytes, or `max`."""

    def __init__(self, type: AllocationType, where: Callable[[Task], Directories | None]) -> None:
        self.types: tuple[AllocationType, ...] = (type,)
        self._type = type
        self._where = where

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        path = self._path(task)
        return [path] if path is not None and self._type in wanted else []

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        text = texts.get(self._path(task) or "")
        return None if text is None else _value(_amount(text))

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        self._found(change, texts)
        wanted = _value(self._wanted(change, units))
        in_force = change.in_force
        return in_force.value if in_force is not None and in_force.value == wanted else wanted

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[FileWrite]:
        change = together[self._type]
        path = self._found(change, texts)
        wanted, now = self._wanted(change, units), _amount(texts[path])
        content = str(wanted) if wanted < MOST else "-1" if path.endswith("soft_limit_in_bytes") else UNLIMITED
        yield FileWrite(path, content.encode(), change, wanted < now, "pages")

    def _wanted(self, change: Change, units: Units) -> int:
        """Whole pages, as the kernel rounds."""
        value = change.wanted.value
        if self._type is AllocationType.MEMORY_HIGH or value == UNLIMITED:
            limit = memory_limit_of(value)
            if limit is None:
                return MOST
            amount = limit * units.memory if isinstance(value, float) and limit <= 1.0 else limit
        else:
            amount = number_of(value)
        return min(int(amount) // PAGE * PAGE, MOST)

    def _found(self, change: Change, texts: Texts) -> str:
        path = self._path(change.task)
        if path is None:
            raise Unsupported(f"{NAMES[self._type][0]} of cgroup v2 expected, found the memory controller on v1")
        if path not in texts:
            raise missing(os.path.basename(path), os.path.dirname(path), "memory")
        return path

    def _path(self, task: Task) -> str | None:
        found = self._where(task)
        name = None if found is None else NAMES[self._type][found.is_v1]
        return None if name is None or found is None else f"{found.own}/{name}"


def _amount(text: bytes) -> int:
    """Bytes. Raises `ValueError`."""
    return MOST if text.strip() == b"max" else min(int(text), MOST)


def _value(amount: int) -> int | str:
    return UNLIMITED if amount >= MOST else amount
