"""What all cgroups of one task lose by pressure together: the worst of their shares, the sum of their times.

The sum never falls: what a cgroup had lost when it left, or was made anew, stays counted.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.pressure.files import Place, PressureFiles, PressureSeries, read_all, values_of
from wca_core.linux.files import OpenFiles, is_gone
from wca_core.model.metric import Block, Merge, Metric, counter, gauge
from wca_core.model.task import Task

TASK_AVERAGE = Metric(
    "task_pressure_avg_percent",
    "Share of the last 10, 60 or 300 seconds in which some or all of the task waited; of containers the worst.",
    gauge,
    unit="percent",
    levels=("resource", "kind", "window"),
    merge=Merge.MAX,
)
TASK_STALL = Metric(
    "task_pressure_stall_seconds",
    "Time in which some or all of the task waited for a resource; of containers the sum of their times.",
    counter,
    unit="seconds",
    levels=("resource", "kind"),
    merge=Merge.SUM_COUNTER,
)
TASK_PRESSURE = (TASK_AVERAGE, TASK_STALL)

Origin: TypeAlias = tuple[int, int]
"""Device and inode of a directory: others when a cgroup is made anew under its name."""


class CgroupPressure:
    """One cgroup: its files, opened when needed, and the time lost in it and in those that had its name before."""

    __slots__ = ("_before", "_budget", "_last", "_origin", "directory", "files")

    def __init__(self, directory: str, budget: OpenFiles) -> None:
        self.directory = directory
        self.files: PressureFiles | None = None
        self._budget = budget
        self._origin: Origin | None = None
        self._last: dict[Place, int] = {}
        self._before: Counter[Place] = Counter()

    @property
    def lost(self) -> Counter[Place]:
        """All time so far [us]."""
        return self._before + Counter(self._last)

    @property
    def is_as_its_files_say(self) -> bool:
        return not self._before

    def read(self) -> PressureFiles:
        """The files, just read. Raises `OSError`, `ValueError`.

        Tries twice, since a cgroup may have been made anew under its name.
        """
        try:
            self._opened().read()
        except (OSError, ValueError):
            self.close()
            self._opened().read()
        return self._counted()

    def take(self, texts: Sequence[bytes]) -> PressureFiles:
        """As `read`, of what was read elsewhere. Raises `ValueError`."""
        self._opened().take(texts)
        return self._counted()

    def close(self) -> None:
        if self.files is not None:
            self.files.close()
            self.files = None

    def _opened(self) -> PressureFiles:
        if self.files is None:
            self.files = PressureFiles(self._budget, f"{self.directory}/{{}}.pressure")
            status = os.stat(self.directory)  # after opening: files of another directory than this one answer ENODEV
            origin = (status.st_dev, status.st_ino)
            if origin != self._origin:
                self._before.update(self._last)
                self._last = {}
                self._origin = origin
        return self.files

    def _counted(self) -> PressureFiles:
        files = self._opened()
        last = self._last
        for place, stall in zip(files.places, files.stalls, strict=True):
            if stall[-1] < last.get(place, 0):
                self._before[place] += last[place]
            last[place] = stall[-1]
        return files


class TaskPressure:
    """One task: its cgroups, and the block that they gave last."""

    __slots__ = (
        *("_block", "_cgroups", "_complaints", "_left", "_series"),
        *("_descriptors", "_texts"),
    )

    def __init__(self, task: Task, cgroups: Sequence[CgroupPressure], complaints: Complaints) -> None:
        self._cgroups = cgroups
        self._complaints = complaints
        self._left: Counter[Place] = Counter()
        """Lost in cgroups that the task does not have any more [us]."""
        self._series = PressureSeries(TASK_AVERAGE, TASK_STALL, task)
        self._block: Block | None = None
        self._descriptors: list[int] = []
        """Of all files of all cgroups; empty while one of them is not kept open."""
        self._texts: list[bytes] = []

    def of_changed(self, task: Task, cgroups: Sequence[CgroupPressure]) -> TaskPressure:
        """The same for the task as it is now; what cgroups that left have lost stays counted."""
        kept = {cgroup.directory: cgroup for cgroup in self._cgroups}
        changed = TaskPressure(task, [kept.pop(new.directory, new) for new in cgroups], self._complaints)
        changed._left = self._left
        for cgroup in kept.values():
            changed._left += cgroup.lost
            cgroup.close()
        return changed

    def block(self) -> Block | None:
        """All samples of the task: the same object while nothing changed. None if no cgroup tells of pressure."""
        if not self._descriptors:
            self._look_anew()
            return self._block
        try:
            texts = read_all(self._descriptors)
            if texts != self._texts:
                self._take(texts)
        except (OSError, ValueError):
            self._look_anew()
        return self._block

    def close(self) -> None:
        for cgroup in self._cgroups:
            cgroup.close()

    def _take(self, texts: list[bytes]) -> None:
        count = len(texts) // len(self._cgroups)
        parts = [texts[at : at + count] for at in range(0, len(texts), count)]
        self._block = self._merged([cgroup.take(part) for cgroup, part in zip(self._cgroups, parts, strict=True)])
        self._texts = texts

    def _look_anew(self) -> None:
        """Read the cgroups one by one; those that are gone tell nothing in this step, but their time stays counted."""
        found = [files for cgroup in self._cgroups if (files := self._read(cgroup)) is not None]
        self._block = self._merged(found) if found else None
        kept = [files.descriptors for files in found]
        is_even = len(found) == len(self._cgroups) and len(set(map(len, kept))) == 1
        self._descriptors = [descriptor for descriptors in kept for descriptor in descriptors] if is_even else []
        self._texts = [text for files in found for text in files.texts]

    def _read(self, cgroup: CgroupPressure) -> PressureFiles | None:
        try:
            return cgroup.read()
        except (OSError, ValueError) as error:
            cgroup.close()
            if not (isinstance(error, OSError) and (is_gone(error) or error.errno == errno.EOPNOTSUPP)):
                message = f"the pressure files of {cgroup.directory} cannot be read: {error}"
                self._complaints.tell(logging.WARNING, "unreadable", "pressure", message)
            return None

    def _merged(self, found: Sequence[PressureFiles]) -> Block:
        if len(self._cgroups) == 1 and not self._left and self._cgroups[0].is_as_its_files_say:
            return Block(self._series.of(found[0].places), values_of(found[0].stalls))
        lost = sum((cgroup.lost for cgroup in self._cgroups), self._left)
        worst: dict[Place, Sequence[float]] = {}
        for files in found:
            for place, (*shares, _) in zip(files.places, files.stalls, strict=True):
                worst[place] = [*map(max, shares, worst.get(place, shares))]
        stalls = [(*shares, lost[place]) for place, shares in worst.items()]
        return Block(self._series.of(worst), values_of(stalls))
