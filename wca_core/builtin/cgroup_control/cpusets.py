"""On which CPUs and from which NUMA nodes a cgroup may be served: cpuset(7), admin-guide/cgroup-v2.rst of the kernel.

| | v1 | v2 |
|---|---|---|
| an empty list | nothing may run there yet | as the parent has it; the `.effective` file tells |
| pages when the nodes change | move if `cpuset.memory_migrate` is 1 | always move (Linux 5.15) |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from wca_core.builtin.cgroup_control.directories import Directories
from wca_core.builtin.cgroup_control.resource import Texts, Together, missing
from wca_core.builtin.cgroup_control.units import Units
from wca_core.builtin.complaints import Complaints
from wca_core.enforcement.ids import canonical, ids_of
from wca_core.enforcement.values import flag_of
from wca_core.errors import ContractError
from wca_core.file_write import FileWrite
from wca_core.linux.cpulist import parse_cpulist
from wca_core.model.allocation import AllocationType
from wca_core.model.task import Task
from wca_core.model.write import Change

log = logging.getLogger("wca.cgroup-control")

CPUS, MEMS = AllocationType.CPUSET_CPUS, AllocationType.CPUSET_MEMS
MIGRATE = AllocationType.CPUSET_MEMORY_MIGRATE
NAMES = {CPUS: "cpuset.cpus", MEMS: "cpuset.mems"}


class Cpuset:
    """`cpuset_cpus` or `cpuset_mems`: of the containers if there are any, since a pod's own set has no use there."""

    def __init__(self, type: AllocationType, where: Callable[[Task], Directories | None]) -> None:
        self.types: tuple[AllocationType, ...] = (type,)
        self._type = type
        self._name = NAMES[type]
        self._where = where
        self._complaints = Complaints(log)

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        found = self._where(task)
        if found is None:
            return ()
        names = (self._name,) if found.is_v1 else (self._name, f"{self._name}.effective")
        return [f"{directory}/{name}" for directory in found.innermost for name in names]

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        sets = self._in_force(task, texts)
        if not sets:
            return None
        if len(set(sets.values())) > 1:
            text = f"task {task.task_id}: its containers differ in {self._name}; that of the first is told"
            self._complaints.tell(logging.WARNING, "differ", task.task_id, text)
        return canonical(next(iter(sets.values())))

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        sets = self._in_force(change.task, texts)
        found = self._where(change.task)
        if found is None or not sets:
            raise missing(self._name, change.task.cgroup_path, "cpuset")
        wanted = ids_of(change.wanted.value)
        self._check(wanted, found, units)
        is_so = all(one == wanted for one in sets.values()) if wanted else self._inherits(found, texts)
        if change.in_force is not None and is_so:
            return change.in_force.value
        return canonical(wanted)

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[FileWrite]:
        change = together[self._type]
        wanted = ids_of(change.wanted.value)
        for directory, now in self._in_force(change.task, texts).items():
            if now != wanted:
                content = canonical(wanted).encode()
                gives = bool(wanted) and wanted < now
                yield FileWrite(f"{directory}/{self._name}", content, change, gives, "ids")

    def _in_force(self, task: Task, texts: Texts) -> dict[str, frozenset[int]]:
        """By directory, of those that have the file. Raises `ValueError`."""
        found = self._where(task)
        sets: dict[str, frozenset[int]] = {}
        for directory in () if found is None else found.innermost:
            text = texts.get(f"{directory}/{self._name}")
            if text is not None:
                own = text if text.strip() else texts.get(f"{directory}/{self._name}.effective", b"")
                sets[directory] = parse_cpulist(own.decode())
        return sets

    def _inherits(self, found: Directories, texts: Texts) -> bool:
        """Whether none has a list of its own: so an empty one is in force already."""
        return not any(texts.get(f"{directory}/{self._name}", b"").strip() for directory in found.innermost)

    def _check(self, wanted: frozenset[int], found: Directories, units: Units) -> None:
        there = units.cpus if self._type is CPUS else units.memory_nodes
        what = "online CPUs" if self._type is CPUS else "NUMA nodes with memory"
        if not wanted <= there:
            raise ContractError(f"{what} ({canonical(there)}) expected, found {canonical(wanted - there)} among them")
        if not wanted and found.is_v1:
            raise ContractError("at least one number expected, found none: on cgroup v1 nothing could run")


class MemoryMigrate:
    """`cpuset_memory_migrate`: of a pod and of its containers."""

    types = (MIGRATE,)

    def __init__(self, where: Callable[[Task], Directories | None]) -> None:
        self._where = where
        self._complaints = Complaints(log)

    def paths(self, task: Task, wanted: frozenset[AllocationType]) -> Iterable[str]:
        found = self._where(task)
        if found is None:
            return ()
        name = "cpuset.memory_migrate" if found.is_v1 else "cpuset.mems"
        return [f"{directory}/{name}" for directory in (found.all if found.is_v1 else found.innermost)]

    def value(self, type: AllocationType, task: Task, texts: Texts, units: Units) -> object | None:
        found = self._where(task)
        flags = self._flags(task, texts)
        if found is None or not flags:
            return None
        return next(iter(flags.values()))

    def settled(self, change: Change, texts: Texts, units: Units, together: Together) -> object:
        wanted = flag_of(change.wanted.value)
        flags = self._flags(change.task, texts)
        found = self._where(change.task)
        if found is None or not flags or change.in_force is None:
            raise missing("cpuset.memory_migrate", change.task.cgroup_path, "cpuset")
        if not found.is_v1:
            if not wanted:
                text = "cpuset_memory_migrate 0 cannot be had on cgroup v2: pages always follow cpuset_mems"
                self._complaints.tell(logging.WARNING, "migrate", "", text)
            return change.in_force.value
        return change.in_force.value if set(flags.values()) == {wanted} else wanted

    def writes(self, together: Together, texts: Texts, units: Units) -> Iterator[FileWrite]:
        change = together[MIGRATE]
        wanted = flag_of(change.wanted.value)
        for directory, now in self._flags(change.task, texts).items():
            if now != wanted:
                yield FileWrite(f"{directory}/cpuset.memory_migrate", b"%d" % wanted, change, False, "number")

    def _flags(self, task: Task, texts: Texts) -> dict[str, int]:
        """By directory; 1 on v2 where there is a cpuset. Raises `ValueError`."""
        found = self._where(task)
        if found is None:
            return {}
        if not found.is_v1:
            return {directory: 1 for directory in found.innermost if f"{directory}/cpuset.mems" in texts}
        read = ((directory, texts.get(f"{directory}/cpuset.memory_migrate")) for directory in found.all)
        return {directory: int(text) for directory, text in read if text is not None}
