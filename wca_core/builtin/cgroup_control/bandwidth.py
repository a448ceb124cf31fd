"""CPU bandwidth: how much of all CPUs a cgroup may use in a period, and by how much it may exceed that once.

Documentation/scheduler/sched-bwc.rst of the kernel. A child's part of its parent's time must not be larger than
the parent's on v1; whoever has no limit of its own inherits it. Burst must not exceed the quota.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wca_core.builtin.cgroup_control.directories import Directories
from wca_core.builtin.cgroup_control.resource import Texts, Together, missing, text_now
from wca_core.builtin.cgroup_control.units import Units, whole
from wca_core.builtin.complaints import Complaints
from wca_core.enforcement.tolerance import is_same_number
from wca_core.enforcement.values import number_of
from wca_core.errors import ContractError
from wca_core.file_write import FileWrite
from wca_core.model.allocation import AllocationType
from wca_core.model.task import Task
from wca_core.model.write import Change

log = logging.getLogger("wca.cgroup-control")

LEAST_QUOTA = 1000
"""us: the kernel refuses less."""

QUOTA, BURST = AllocationType.CPU_QUOTA, AllocationType.CPU_BURST


@dataclass(frozen=True, slots=True)
class Limit:
    """So many microseconds of CPU time in each period."""

    quota: int | None
    """us; None: no limit."""
    period: int
    """us"""

    @property
    def cpus(self) -> float:
        return float("inf") if self.quota is None else self.quota / self.period

    def part(self, cpus: int) -> float:
        """Of so many CPUs, which is 1.0 without a limit."""
        return 1.0 if self.quota is None else self.quota / self.period / cpus


class Bandwidth:
    """`cpu_quota` and `cpu_burst`."""

    types = (QUOTA, BURST)

    def __init__(self, where: Callable[[Task], Directories | None]) -> None:
        self._where = where
        self._complaints = Complaints(log)

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        found = self._where(task)
        if found is None:
            return ()
        files = _files(found.is_v1)
        return [f"{found.own}/{name}" for name in (*files.limit, *([files.burst] if BURST in wanted else []))]

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        found = self._where(task)
        limit = None if found is None else _limit(found.own, found.is_v1, texts)
        if found is None or limit is None:
            return None
        if type is QUOTA:
            return limit.part(len(units.cpus))
        burst = texts.get(f"{found.own}/{_files(found.is_v1).burst}")
        return None if burst is None else int(burst) / limit.quota if limit.quota else 0.0

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        found, limit = self._known(change, texts)
        in_force = None if change.in_force is None else change.in_force.value
        if change.wanted.type is BURST:
            return self._settled_burst(change, found, self._limit_then(limit, together, units))
        wished = number_of(change.wanted.value, highest=1.0)
        wanted = wanted_limit(wished, units)
        self._warn_if_raised(change, wished, wanted, units)
        is_exact = wished in (0.0, 1.0)
        if in_force is not None and (
            wanted == limit
            or (wanted.quota is None and limit.quota is None)
            or (not is_exact and is_same_number(wished, number_of(in_force), units.sensitivity(QUOTA)))
        ):
            return in_force
        return wanted.part(len(units.cpus))

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[FileWrite]:
        change = together.get(QUOTA) or together[BURST]
        found, limit = self._known(change, texts)
        then = self._limit_then(limit, together, units)
        burst = _burst_writes(together, found, then, texts)
        if QUOTA not in together:
            yield from burst
            return
        if then.quota is not None and (limit.quota is None or then.quota < limit.quota):
            yield from burst  # it must not exceed the quota at any moment
            burst = []
        yield from _quota_writes(together[QUOTA], found, limit, then, texts)
        yield from burst

    def _known(self, change: Change, texts: Texts) -> tuple[Directories, Limit]:
        found = self._where(change.task)
        if found is None:
            raise missing("cpu.max", "the machine", "cpu")
        try:
            limit = _limit(found.own, found.is_v1, texts)
        except ValueError as error:
            raise ContractError(f"{found.own}: what is in force cannot be read: {error}") from error
        if limit is None:
            raise missing(_files(found.is_v1).limit[0], found.own, "cpu")
        return found, limit

    def _warn_if_raised(self, change: Change, wished: float, wanted: Limit, units: Units) -> None:
        if wanted.quota is not None and wished * units.period * len(units.cpus) < LEAST_QUOTA:
            least, task_id = wanted.part(len(units.cpus)), change.wanted.task_id
            text = f"cpu_quota {wished:g} of task {task_id} becomes {least:g}: the kernel takes no quota below 1000 us"
            self._complaints.tell(logging.WARNING, "least", task_id, text)

    def _limit_then(self, limit: Limit, together: Together, units: Units) -> Limit:
        """Once all is written."""
        quota = together.get(QUOTA)
        return limit if quota is None else wanted_limit(number_of(quota.wanted.value, highest=1.0), units)

    def _settled_burst(self, change: Change, found: Directories, limit: Limit) -> object:
        wished = number_of(change.wanted.value, highest=1.0)
        if text_now(f"{found.own}/{_files(found.is_v1).burst}", {}) is None:
            raise missing(_files(found.is_v1).burst, found.own, "cpu")
        if limit.quota is None:
            if wished:
                raise ContractError(f"a part of the CPU quota expected, found {wished!r} of a task without one")
            return 0.0 if change.in_force is None else change.in_force.value
        written = whole(wished * limit.quota) / limit.quota
        is_same = change.in_force is not None and change.in_force.value == written
        return change.in_force.value if is_same and change.in_force is not None else written


def wanted_limit(part: float, units: Units) -> Limit:
    """What a part of all CPUs is on this machine, at least what the kernel takes."""
    if part >= 1.0:
        return Limit(None, units.period)
    return Limit(max(whole(part * units.period * len(units.cpus)), LEAST_QUOTA), units.period)


@dataclass(frozen=True, slots=True)
class _Files:
    limit: tuple[str, ...]
    burst: str


_V1 = _Files(("cpu.cfs_quota_us", "cpu.cfs_period_us"), "cpu.cfs_burst_us")
_V2 = _Files(("cpu.max",), "cpu.max.burst")


def _files(is_v1: bool) -> _Files:
    return _V1 if is_v1 else _V2


def _limit(directory: str, is_v1: bool, texts: Texts) -> Limit | None:
    """None if there is no such file. Raises `ValueError`."""
    texts_here = [texts.get(f"{directory}/{name}") for name in _files(is_v1).limit]
    if None in texts_here:
        return None
    quota, period = b" ".join(text for text in texts_here if text is not None).split()
    length = int(period)
    if length <= 0:
        raise ValueError(f"a period of {length} us")
    amount = -1 if quota == b"max" else int(quota)
    return Limit(None if amount < 0 else amount, length)


def _quota_writes(change: Change, found: Directories, now: Limit, then: Limit, texts: Texts) -> Iterator[FileWrite]:
    """A pod's containers lose their own limits: before the pod's shrinks, as v1 demands, and after it grew."""
    gives = then.cpus < now.cpus
    own = list(_own_writes(change, found, now, then, gives=gives))
    freed = [
        FileWrite(path, content, change, gives, spelling)
        for directory in found.containers
        for path, content, spelling in _freeing(directory, found.is_v1, texts)
    ]
    yield from [*freed, *own] if gives else [*own, *freed]


def _own_writes(change: Change, found: Directories, now: Limit, then: Limit, *, gives: bool) -> Iterator[FileWrite]:
    if not found.is_v1:
        amount = "max" if then.quota is None else str(then.quota)
        yield FileWrite(f"{found.own}/cpu.max", f"{amount} {then.period}".encode(), change, gives, "quota")
        return
    quota = FileWrite(
        f"{found.own}/cpu.cfs_quota_us", b"%d" % (-1 if then.quota is None else then.quota), change, gives, "number"
    )
    if now.period == then.period:
        yield quota
        return
    period = FileWrite(f"{found.own}/cpu.cfs_period_us", b"%d" % then.period, change, gives, "number")
    yield from (period, quota) if _is_period_first(now, then) else (quota, period)


def _is_period_first(now: Limit, then: Limit) -> bool:
    """v1 takes the two one after the other: the order with less in between never exceeds the larger of both limits."""
    if now.quota is None:
        return True
    if then.quota is None:
        return False
    return now.quota / then.period <= then.quota / now.period


def _freeing(directory: str, is_v1: bool, texts: Texts) -> Iterator[tuple[str, bytes, str]]:
    """Path, content and spelling of what takes a container's own limit away; nothing if it has none."""
    path = f"{directory}/{_files(is_v1).limit[0]}"
    text = text_now(path, texts)
    if text is not None and text.split()[:1] not in ([b"max"], [b"-1"]):
        yield path, b"-1" if is_v1 else b"max", "number" if is_v1 else "quota"


def _burst_writes(together: Together, found: Directories, then: Limit, texts: Texts) -> list[FileWrite]:
    """What is wished, or what a smaller quota leaves of what there is."""
    path = f"{found.own}/{_files(found.is_v1).burst}"
    text = text_now(path, texts)
    if text is None:
        return []
    change = together.get(BURST)
    now = int(text)
    if change is not None:
        burst = whole(number_of(change.wanted.value, highest=1.0) * (then.quota or 0))
    else:
        change, burst = together[QUOTA], now if then.quota is None else min(now, then.quota)
    return [] if burst == now else [FileWrite(path, b"%d" % burst, change, burst < now, "number")]
