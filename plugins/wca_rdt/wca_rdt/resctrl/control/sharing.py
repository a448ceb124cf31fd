"""Tasks that share a control group want one thing of it: where two wish different values, the first one's count.

The first is that with the smaller task id, so that it is the same in every step. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wca_rdt.resctrl.control.schemata import written
from wca_rdt.resctrl.control.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that a task cannot have because another has said otherwise."""

    task_id: str
    first: str
    """The task whose value counts."""
    group: str
    resource: str
    domain: int
    values: tuple[int, int]
    """Wished, and what the first one wishes."""

    def __str__(self) -> str:
        wished, counts = (written(self.resource, {self.domain: value}) for value in self.values)
        return f"group {self.group!r} is shared: {self.first} comes first with {counts}, found {wished}"


@dataclass(frozen=True, slots=True)
class Harmony:
    """What all want once the first have their way."""

    wanted: Mapping[str, Wanted]
    """By task id."""
    conflicts: tuple[Conflict, ...]


def harmonised(wishes: Mapping[str, Wanted]) -> Harmony:
    """`wishes` by task id."""
    firsts: dict[tuple[str, str, int], tuple[str, int]] = {}
    conflicts: list[Conflict] = []
    wanted: dict[str, Wanted] = {}
    for task_id in sorted(wishes):
        group, values = wishes[task_id].group, {}
        for name, amounts in wishes[task_id].values.items():
            values[name] = dict(amounts)
            for domain, amount in amounts.items():
                first, counts = firsts.setdefault((group, name, domain), (task_id, amount))
                values[name][domain] = counts
                if counts != amount:
                    conflicts.append(Conflict(task_id, first, group, name, domain, (amount, counts)))
        wanted[task_id] = Wanted(group, values)
    return Harmony(wanted, tuple(conflicts))
