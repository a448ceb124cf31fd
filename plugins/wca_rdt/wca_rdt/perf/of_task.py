"""The counters of one task: of all its cgroups together.

| a cgroup | what was counted in it |
|---|---|
| is there | is added |
| is gone, or cannot be opened | what it had counted stays in the sum; it is tried again in the next step |
| left the task | stays in the sum |
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wca_core.builtin.complaints import Complaints
from wca_core.errors import CgroupGone, HostError
from wca_core.model.metric import Block
from wca_core.model.task import Task
from wca_rdt.perf.counters import CgroupCounters
from wca_rdt.perf.counting import Counting, Counts
from wca_rdt.perf.descriptors import Descriptors, NoDescriptors
from wca_rdt.perf.merging import merged, summed
from wca_rdt.perf.samples import TaskSamples

log = logging.getLogger("wca.perf")

_NO_ROOM = (errno.EMFILE, errno.ENFILE)


@dataclass(frozen=True, slots=True)
class Means:
    """What all tasks share."""

    descriptors: Descriptors
    complaints: Complaints


class TaskCounters:
    """One task."""

    __slots__ = (
        *("_cgroups", "_errors", "_left", "_means", "_only", "_refused"),
        *("block", "counts", "is_steady", "is_told", "samples", "texts"),
    )

    def __init__(self, samples: TaskSamples, cgroups: Sequence[CgroupCounters], means: Means) -> None:
        self.samples = samples
        self.texts: list[bytes] = []
        """As last taken, of `leaders`."""
        self.is_steady = False
        """Whether it would change nothing to take the same texts once more."""
        self.is_told = False
        """Whether `block` is of what was taken last."""
        self.counts: Counts = {}
        """Of all cgroups; empty if none is there."""
        self.block: Block | None = None
        """What was counted, as samples; None if there is nothing to tell."""
        self._cgroups = cgroups
        self._only = cgroups[0] if len(cgroups) == 1 else None
        self._means = means
        self._left: Counts = {}
        """Of cgroups that the task does not have any more."""
        self._errors = 0
        self._refused: int | None = None
        """How often files had been given back when there was no room for its own; None: there was."""

    def of_changed(self, task: Task, cgroups: Sequence[CgroupCounters]) -> TaskCounters:
        """The same for the task as it is now: cgroups that it still has are not opened anew."""
        kept = {cgroup.path: cgroup for cgroup in self._cgroups}
        own = [kept.pop(new.path, new) for new in cgroups]
        changed = TaskCounters(self.samples.of_changed(task), own, self._means)
        for cgroup in kept.values():
            cgroup.close()
        changed._left = summed([self._left, *(cgroup.counting.kept for cgroup in kept.values())])
        changed._errors = self._errors + sum(cgroup.counting.errors for cgroup in kept.values())
        return changed

    @property
    def is_settled(self) -> bool:
        """Whether all cgroups are counted."""
        return all(cgroup.is_open for cgroup in self._cgroups)

    @property
    def is_bound(self) -> bool:
        """Whether it is counted on the CPUs that its cgroups may use, which can change."""
        return any(cgroup.cpuset is not None for cgroup in self._cgroups)

    @property
    def plain(self) -> Counting | None:
        """Its only counters, if there is nothing to do but to add them up."""
        only = self._only
        is_plain = only is not None and only.is_open and only.counting.is_mere_sum and not self._left
        return only.counting if only is not None and is_plain else None

    @property
    def leaders(self) -> list[int]:
        return [leader for cgroup in self._cgroups for leader in cgroup.leaders]

    @property
    def sizes(self) -> list[int]:
        return [size for cgroup in self._cgroups for size in cgroup.sizes]

    @property
    def errors(self) -> int:
        """Measurements that failed."""
        return self._errors + sum([cgroup.counting.errors for cgroup in self._cgroups])

    def settle(self, cpus: Collection[int]) -> None:
        """Open what is closed, as far as that can be done, and count on these CPUs from now on."""
        if self._refused is not None and self._refused == self._means.descriptors.releases:
            return
        self._refused = None
        descriptors = self._means.descriptors
        held, releases = descriptors.held, descriptors.releases
        try:
            for cgroup in self._cgroups:
                self._settle_one(cgroup, cpus)
        except NoDescriptors as error:
            self.close()
            descriptors.retract(held, releases)
            self._refuse(str(error))

    def look(self) -> None:
        """Close cgroups that are gone, even if others have their names: the latter are opened when it is settled.

        Room for files is looked for again, too: those that somebody else closed are not told.
        """
        self._refused = None
        for cgroup in self._cgroups:
            if cgroup.is_open and not cgroup.is_there():
                cgroup.close()

    def take(self, texts: list[bytes]) -> None:
        """Renew `counts` from what was read of all leaders."""
        self.texts = texts
        self.is_told = False
        only = self._only
        if only is None or self._left:
            self._take_all(texts)
            return
        counting = only.counting
        counting.take(texts)
        if counting.broken:
            only.drop_broken()
        self.counts = counting.counted
        self.is_steady = counting.is_steady

    def tell(self) -> None:
        """Renew `block`."""
        errors = self.errors
        self.block = self.samples.block(self.counts, errors) if self.counts or errors else None
        self.is_told = True

    def close(self) -> None:
        for cgroup in self._cgroups:
            cgroup.close()

    def _take_all(self, texts: list[bytes]) -> None:
        at = 0
        for cgroup in self._cgroups:
            end = at + len(cgroup.leaders)
            cgroup.counting.take(texts[at:end])
            cgroup.drop_broken()
            at = end
        found = [cgroup.counting.counted for cgroup in self._cgroups if cgroup.is_open]
        kept = [cgroup.counting.kept for cgroup in self._cgroups if not cgroup.is_open]
        self.counts = merged(found, [*kept, self._left])
        self.is_steady = all(cgroup.counting.is_steady for cgroup in self._cgroups)

    def _settle_one(self, cgroup: CgroupCounters, cpus: Collection[int]) -> None:
        """Raises `NoDescriptors`."""
        try:
            if cgroup.cpuset is not None:
                cpus = cgroup.cpuset.cpus(cpus)
            if cgroup.is_open:
                cgroup.follow(cpus)
            else:
                cgroup.open(cpus)
        except CgroupGone as error:
            cgroup.close()
            log.debug("%s", error)
        except HostError as error:
            self._fail(str(error))
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise NoDescriptors(f"the kernel has no room for more open files: {error}") from error
            cgroup.close()
            self._fail(str(error), error.errno)

    def _refuse(self, reason: str) -> None:
        """None of its cgroups is counted: half of them would be less than nothing, it would look like all."""
        self._refused = self._means.descriptors.releases
        self._count_error()
        task_id = self.samples.task.task_id
        self._means.complaints.tell(
            logging.ERROR, "descriptors", task_id, f"perf disabled for task {task_id}: {reason}"
        )

    def _count_error(self) -> None:
        self._errors += 1
        self.is_steady = self.is_told = False

    def _fail(self, reason: str, code: int | None = None) -> None:
        self._count_error()
        task_id = self.samples.task.task_id
        subject = task_id
        if code == errno.ENOENT:
            subject = ""
            reason += (
                ": the kernel has no perf_event for this cgroup. Is a v1 tree with it mounted elsewhere? On a host "
                "just booted, something has to be written to cgroup.subtree_control of the top cgroup once"
            )
        message = f"task {task_id} cannot be counted: {reason}"
        self._means.complaints.tell(logging.WARNING, "counters", subject, message)
