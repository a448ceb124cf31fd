"""CPU shares, a weight among siblings, and idleness, which is less than the smallest weight.

Documentation/admin-guide/cgroup-v2.rst (`cpu.weight`, `cpu.idle`) and scheduler/sched-design-CFS.rst of the kernel.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from wca_core.builtin.cgroup_control.directories import Directories
from wca_core.builtin.cgroup_control.idle_write import IdleWrite
from wca_core.builtin.cgroup_control.resource import Texts, Together, missing
from wca_core.builtin.cgroup_control.units import Units, whole
from wca_core.builtin.cgroup_control.weights import clamped_shares, shares_of, weight_of
from wca_core.builtin.complaints import Complaints
from wca_core.enforcement.tolerance import is_same_number
from wca_core.enforcement.values import flag_of, number_of
from wca_core.file_write import FileWrite
from wca_core.model.allocation import AllocationType
from wca_core.model.task import Task
from wca_core.model.write import Change, Write

log = logging.getLogger("wca.cgroup-control")

SHARES, IDLE = AllocationType.CPU_SHARES, AllocationType.CPU_IDLE


class Shares:
    """`cpu_shares` and `cpu_idle`."""

    types = (SHARES, IDLE)

    def __init__(self, where: Callable[[Task], Directories | None]) -> None:
        self._where = where
        self._complaints = Complaints(log)

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        found = self._where(task)
        return () if found is None else (f"{found.own}/{_weight_name(found)}", f"{found.own}/cpu.idle")

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        found = self._where(task)
        if found is None:
            return None
        idle = texts.get(f"{found.own}/cpu.idle")
        if type is IDLE:
            return None if idle is None else int(idle)
        weight = texts.get(f"{found.own}/{_weight_name(found)}")
        if weight is None:
            return None
        if idle is not None and int(idle):
            return 0.0
        return _shares(int(weight), found, units) / units.shares

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        found = self._found(change, texts)
        in_force = None if change.in_force is None else change.in_force.value
        if change.wanted.type is IDLE:
            wanted = flag_of(change.wanted.value)
            return in_force if in_force == wanted else wanted
        wished = number_of(change.wanted.value)
        shares = whole_shares(wished, units.shares)
        if not shares <= whole(wished * units.shares) < shares + 1:
            task_id = change.wanted.task_id
            possible = shares / units.shares
            text = f"cpu_shares {wished:g} of task {task_id} become {possible:g}: the kernel takes no others"
            self._complaints.tell(logging.WARNING, "clamped", task_id, text)
        if in_force is not None and (
            _is_idle(found, texts, together)  # the kernel takes no weight then
            or _content(shares, found, units) == int(texts[f"{found.own}/{_weight_name(found)}"])
            or is_same_number(wished, number_of(in_force), units.sensitivity(SHARES))
        ):
            return in_force
        return shares / units.shares

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[Write]:
        shares, idle = together.get(SHARES), together.get(IDLE)
        if shares is not None:
            found = self._found(shares, texts)
            content = _content(whole_shares(number_of(shares.wanted.value), units.shares), found, units)
            yield _weight_write(found, content, shares, texts)
        if idle is not None:
            found = self._found(idle, texts)
            wanted = flag_of(idle.wanted.value)
            if wanted != int(texts[f"{found.own}/cpu.idle"]):  # where it is so, the weight may be written
                yield IdleWrite(f"{found.own}/{_weight_name(found)}", idle=wanted, change=idle, gives=bool(wanted))

    def _found(self, change: Change, texts: Texts) -> Directories:
        found = self._where(change.task)
        if found is None:
            raise missing("cpu.weight", "the machine", "cpu")
        name = _weight_name(found) if change.wanted.type is SHARES else "cpu.idle"
        if f"{found.own}/{name}" not in texts:
            raise missing(name, found.own, "cpu")
        return found


def whole_shares(wished: float, unit: int) -> int:
    """What a wish comes to. Of what was granted before, the very same."""
    return clamped_shares(whole(wished * unit))


def _weight_write(found: Directories, content: int, change: Change, texts: Texts) -> Write:
    path = f"{found.own}/{_weight_name(found)}"
    gives = content < int(texts[path])
    if f"{found.own}/cpu.idle" in texts:
        return IdleWrite(path, weight=content, change=change, gives=gives)
    return FileWrite(path, b"%d" % content, change, gives, "shares" if found.is_v1 else "number")


def _is_idle(found: Directories, texts: Texts, together: Together) -> bool:
    """Whether it is so now, or will be: what makes it busy again leaves the weight for the step after."""
    wish = together.get(IDLE)
    now = bool(int(texts.get(f"{found.own}/cpu.idle", b"0")))
    return now or (wish is not None and bool(flag_of(wish.wanted.value)))


def _weight_name(found: Directories) -> str:
    return "cpu.shares" if found.is_v1 else "cpu.weight"


def _content(shares: int, found: Directories, units: Units) -> int:
    return shares if found.is_v1 else weight_of(shares, units.formula)


def _shares(content: int, found: Directories, units: Units) -> int:
    return content if found.is_v1 else shares_of(content, units.formula)
