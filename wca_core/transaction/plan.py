"""Is a plan of writes in order, and in which order are they made? Pure: nothing is read or written.

| phase | writes |
|---|---|
| 1 | those that free a resource |
| 2 | those that take one |
| 3 | those that cannot be undone |

Within a phase the tasks go by their ids, and a task's writes as they were planned. What is wrong with one write
refuses all of its task: none of them is tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wca_core.enforcement.merging import is_same
from wca_core.model.outcome import WriteFailure
from wca_core.model.shown import shown
from wca_core.model.write import Record, Write
from wca_core.transaction.bounds import Bounds
from wca_core.transaction.malformed import malformed


@dataclass(frozen=True, slots=True)
class Plan:
    """Writes in the order in which they are made, and the tasks that are refused."""

    writes: Sequence[Write] = ()
    refused: dict[str, list[WriteFailure]] = field(default_factory=dict)
    """By task id."""


def task_of(write: Write) -> str:
    """The id of the task that a write is for; empty: the whole machine."""
    return write.change.task.task_id if write.change is not None else ""


def type_of(write: Write) -> str:
    return write.change.wanted.type.value if write.change is not None else "machine"


def planned(writes: Iterable[Write], bounds: Bounds) -> Plan:
    """The plan of these writes; one that a task has twice is made once."""
    refused: dict[str, list[WriteFailure]] = {}
    kept: list[Write] = []
    known: dict[str, tuple[Write, Record | None]] = {}
    for write in writes:
        if wrong := malformed(write):
            refused.setdefault("", []).append(WriteFailure("machine", "", "plan", f"{shown(write)}: {wrong}"))
            continue
        wrong = _out_of_bounds(write, bounds)
        if write.reversible and not wrong:
            record = _record(write)
            other, other_record = known.setdefault(write.place, (write, record))
            if not is_same(record, other_record):
                wrong = (
                    f"{task_of(other) or 'the machine'} and {task_of(write) or 'the machine'} want different content"
                )
                refused.setdefault(task_of(other), []).append(_refusal(other, wrong))
            elif other is not write and task_of(other) == task_of(write):
                continue
        if wrong:
            refused.setdefault(task_of(write), []).append(_refusal(write, wrong))
        kept.append(write)
    ordered = sorted((write for write in kept if task_of(write) not in refused), key=_rank)
    return Plan(ordered, refused)


def _rank(write: Write) -> tuple[int, str]:
    phase = 3 if not write.reversible else 1 if write.gives else 2
    return phase, task_of(write)


def _out_of_bounds(write: Write, bounds: Bounds) -> str:
    """Why a write may not be made; empty if it may."""
    if write.reversible and bounds.kinds is not None and write.kind not in bounds.kinds:
        known = ", ".join(sorted(bounds.kinds)) or "none"
        return f"writes of kind {write.kind!r} could not be put back later; installed in wca.writes: {known}"
    if bounds.roots is not None and write.place.startswith("/") and not _is_below(write.place, bounds.roots):
        return f"is not below {' or '.join(bounds.roots)}"
    return ""


def _is_below(place: str, roots: Iterable[str]) -> bool:
    whole = os.path.normpath(place)
    return any(whole.startswith(root.rstrip("/") + "/") for root in roots)


def _record(write: Write) -> Record | None:
    """None: its cgroup is gone, or the plugin is at fault, as the write itself will tell."""
    try:
        return write.record()
    except Exception:  # noqa: BLE001  a plugin's
        return None


def _refusal(write: Write, reason: str) -> WriteFailure:
    return WriteFailure(type_of(write), write.place, "plan", reason)
