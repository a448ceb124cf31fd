"""The whole machine: what all control groups moved and hold, by L3 cache. Monitoring groups are counted in theirs."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core.linux.files import OpenFiles, is_gone
from wca_core.model.metric import Sample
from wca_rdt.resctrl.accumulators import Counted, Number
from wca_rdt.resctrl.counter_files import CounterFiles
from wca_rdt.resctrl.descriptions import GROUPS, PLATFORM_BANDWIDTH, PLATFORM_OCCUPANCY, RMIDS
from wca_rdt.resctrl.information import OCCUPANCY, TOTAL, Information
from wca_rdt.resctrl.sight import Sight
from wca_rdt.resctrl.values import GONE


class _Control:
    """One control group."""

    __slots__ = ("counted", "files")

    def __init__(self) -> None:
        self.counted = Counted()
        self.files: CounterFiles | None = None

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
        self._moved_before: dict[int, Number] = {}
        """By control groups that are gone."""

    def close(self) -> None:
        """Close the files; they are opened again when they are read."""
        for control in self._controls.values():
            control.close()

    def samples(self, sight: Sight) -> Iterator[Sample]:
        """The samples of this step. Raises `OSError`."""
        for gone in self._controls.keys() - sight.groups.by_control.keys():
            control = self._controls.pop(gone)
            control.close()
            self._moved_before = _sums([self._moved_before, control.counted.of(TOTAL)])
        for name in sight.groups.by_control:
            self._read(name, sight)
        counted = [control.counted for control in self._controls.values()]
        for domain, moved in _sums([self._moved_before, *(one.of(TOTAL) for one in counted)]).items():
            yield PLATFORM_BANDWIDTH.sample(moved, l3_domain=domain)
        for domain, held in _sums([one.occupancy for one in counted]).items():
            yield PLATFORM_OCCUPANCY.sample(held, l3_domain=domain)
        yield GROUPS.sample(len(sight.groups))
        if self._information.num_rmids is not None:
            yield RMIDS.sample(self._information.num_rmids)

    def _read(self, name: str, sight: Sight) -> None:
        control = self._controls.setdefault(name, _Control())
        try:
            if control.files is None:
                directory = sight.resctrl.control_directory(name)
                control.files = CounterFiles(self._budget, f"{directory}/mon_data", self._events)
            readings = control.files.read()
        except OSError as error:
            control.close()
            control.counted.occupancy = {}
            if not is_gone(error):
                raise
            return
        control.counted.take(readings)
        if GONE in readings.values():
            control.close()


def _sums(parts: list[dict[int, Number]]) -> dict[int, Number]:
    """By domain."""
    domains = sorted({domain for part in parts for domain in part})
    return {domain: sum(part.get(domain, 0) for part in parts) for domain in domains}
