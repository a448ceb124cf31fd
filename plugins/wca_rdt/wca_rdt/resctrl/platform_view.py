"""The whole machine: what all control groups moved and hold, by L3 cache. Monitoring groups are counted in theirs.

What is moved only grows, though the sum over the groups that are there does not:

| what happens | the sum | the counter |
|---|---|---|
| lines are moved | grows | grows as much |
| we remove a group | falls by what it had moved | knows that, and grows by the rest |
| a monitoring group changes its control group | stays | stays |
| somebody else removes a control group | falls by what it had moved | knows the last number of it |
| somebody else removes a monitoring group, a cache goes offline | falls | stays; what was moved meanwhile is lost |
| a group gives a word, or cannot be read | its last number stands | stays |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wca_core.linux.files import OpenFiles, is_gone
from wca_core.model.metric import Sample
from wca_rdt.resctrl.accumulators import Number
from wca_rdt.resctrl.counter_files import CounterFiles
from wca_rdt.resctrl.descriptions import GROUPS, PLATFORM_BANDWIDTH, PLATFORM_OCCUPANCY, RMIDS
from wca_rdt.resctrl.information import OCCUPANCY, TOTAL, Information
from wca_rdt.resctrl.sight import Sight
from wca_rdt.resctrl.values import GONE


class _Control:
    """One control group, with its monitoring groups."""

    __slots__ = ("files", "held", "moved")

    def __init__(self) -> None:
        self.moved: dict[int, Number] = {}
        """The last numbers."""
        self.held: dict[int, Number] = {}
        """In this step: only valid ones."""
        self.files: CounterFiles | None = None

    def read(self) -> None:
        """Raises `OSError`."""
        assert self.files is not None
        readings = self.files.read()
        for (event, domain), reading in readings.items():
            if not isinstance(reading, str):
                (self.moved if event == TOTAL else self.held)[domain] = reading
        if GONE in readings.values():
            self.close()

    def close(self) -> None:
        if self.files is not None:
            self.files.close()
            self.files = None


class PlatformView:
    """All control groups."""

    def __init__(self, budget: OpenFiles, information: Information) -> None:
        self._budget = budget
        self._information = information
        self._events = [event for event in (TOTAL, OCCUPANCY) if event in information.events]
        self._controls: dict[str, _Control] = {}
        self._sum: dict[int, Number] = {}
        """By L3 cache: what the groups that are there had moved when they were last read."""
        self._moved: dict[int, Number] = {}
        """By L3 cache: the counter."""

    def close(self) -> None:
        """Close the files; they are opened again when they are read."""
        for control in self._controls.values():
            control.close()

    def samples(self, sight: Sight) -> Iterator[Sample]:
        """The samples of this step. Raises `OSError`."""
        self._leave_out_removed(sight)
        for name in sight.groups.by_control:
            self._read(name, sight)
        self._count()
        for domain, moved in sorted(self._moved.items()):
            yield PLATFORM_BANDWIDTH.sample(moved, l3_domain=domain)
        for domain, held in sorted(_sums(control.held for control in self._controls.values()).items()):
            yield PLATFORM_OCCUPANCY.sample(held, l3_domain=domain)
        yield GROUPS.sample(len(sight.groups))
        if self._information.num_rmids is not None:
            yield RMIDS.sample(self._information.num_rmids)

    def _leave_out_removed(self, sight: Sight) -> None:
        """What went with groups is not in the next sum."""
        removed: dict[str, Mapping[int, Number]] = {**sight.resctrl.removed.take()}
        for name in self._controls.keys() - sight.groups.by_control.keys():
            control = self._controls.pop(name)
            control.close()
            known = removed.get(name, {})  # all of it, if it was us
            removed[name] = {domain: max(moved, known.get(domain, 0)) for domain, moved in control.moved.items()}
        for domain, moved in _sums(removed.values()).items():
            self._sum[domain] = self._sum.get(domain, 0) - moved

    def _count(self) -> None:
        found = _sums(control.moved for control in self._controls.values())
        for domain, moved in found.items():
            grown = max(0, moved - self._sum.get(domain, 0))
            self._moved[domain] = self._moved.get(domain, 0) + grown
        self._sum = found

    def _read(self, name: str, sight: Sight) -> None:
        control = self._controls.setdefault(name, _Control())
        control.held = {}
        try:
            if control.files is None:
                directory = sight.resctrl.control_directory(name)
                control.files = CounterFiles(self._budget, f"{directory}/mon_data", self._events)
            control.read()
        except OSError as error:
            control.close()
            if not is_gone(error):
                raise


def _sums(parts: Iterable[Mapping[int, Number]]) -> dict[int, Number]:
    """By domain."""
    found: dict[int, Number] = {}
    for part in parts:
        for domain, number in part.items():
            found[domain] = found.get(domain, 0) + number
    return found
