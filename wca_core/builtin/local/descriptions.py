"""Tasks made of cgroups. What engines tell is read once a container, and again where it is not there yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.local.facts import Facts
from wca_core.builtin.local.kind import Kind
from wca_core.builtin.local.lookup import Lookup, Unreadable
from wca_core.builtin.local.naming import task_of
from wca_core.builtin.local.tree import Cgroup
from wca_core.model.task import Task

log = logging.getLogger("wca.local")

LAST_TRY = 64
"""Steps after which nobody is asked again; before, after 1, 2, 4, ... steps."""

_ASKED_ABOUT = (Kind.CONTAINER, Kind.PLAIN)
"""A cgroup of any name may be that of a container."""


@dataclass(slots=True)
class Description:
    """One cgroup as a task."""

    cgroup: Cgroup
    task: Task
    facts: Facts | None
    age: int = 0
    """Steps since it was first described."""

    @property
    def is_container(self) -> bool:
        return self.facts is not None or self.cgroup.kind is Kind.CONTAINER

    @property
    def is_sandbox(self) -> bool:
        return self.facts is not None and self.facts.is_sandbox

    @property
    def is_waiting(self) -> bool:
        return self.facts is None and self.age < LAST_TRY and self.cgroup.kind in _ASKED_ABOUT


class Descriptions:
    """Keeps what is known about each cgroup that is a task."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[str, Description] = {}
        self._waiting: list[Description] = []
        self._complaints = Complaints(log)

    def of(self, cgroups: Sequence[Cgroup]) -> list[Description]:
        """One for each; others are forgotten. A task that is as before is the same object."""
        self._known = {cgroup.path: self._description(cgroup) for cgroup in cgroups}
        self._waiting = [one for one in self._known.values() if one.is_waiting]
        return list(self._known.values())

    def look_again(self) -> bool:
        """Ask again where it is time to; whether somebody told something."""
        is_changed = False
        for one in self._waiting:
            one.age += 1
            if one.age & (one.age - 1) == 0:  # 1, 2, 4, ...
                one.facts = self._facts(one.cgroup)
                one.task = one.task if one.facts is None else task_of(one.cgroup.path, one.facts)
                is_changed |= one.facts is not None
        if self._waiting:
            self._waiting = [one for one in self._waiting if one.is_waiting]
        return is_changed

    def _description(self, cgroup: Cgroup) -> Description:
        known = self._known.get(cgroup.path)
        if known is not None and known.cgroup is cgroup:
            return known
        facts = self._facts(cgroup)
        task = task_of(cgroup.path, facts)
        return Description(cgroup, known.task if known is not None and known.task == task else task, facts)

    def _facts(self, cgroup: Cgroup) -> Facts | None:
        try:
            return self._lookup.facts(cgroup.path) if cgroup.kind in _ASKED_ABOUT else None
        except Unreadable as reason:
            if cgroup.kind is Kind.CONTAINER:  # of any other it is not even known that it is one
                message = f"names and images of containers are not known: {reason}"
                self._complaints.tell(logging.WARNING, "unreadable", "", message)
            return None
