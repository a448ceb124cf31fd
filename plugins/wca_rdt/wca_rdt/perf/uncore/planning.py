"""Which PMUs of this machine count which of the wanted events.

Where memory controllers cannot be programmed for an event, their counters that always run serve instead. What cannot
be counted is kept with its reason; only what no PMU can mean is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from wca_core.errors import ConfigurationError, HostError
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.metric import Metric
from wca_rdt.perf.pmu import Pmu
from wca_rdt.perf.uncore.counters import Counter, PmuPlan, counter_of, encoding_of
from wca_rdt.perf.uncore.events import Event
from wca_rdt.perf.uncore.generations import KNOWN, kind_on, parts_of
from wca_rdt.perf.uncore.kinds import FREE_RUNNING, PATTERNS, always_counts, is_known, pmus_of


@dataclass(eq=False, slots=True)
class Planning:
    """One attempt to place events on the PMUs of a machine. What has no place is in `missing` and `unsupported`."""

    names: Sequence[str]
    """Of all PMUs of the machine."""
    read: Callable[[str], Pmu | None]
    codename: CpuCodename
    cpu: str
    """Of the machine, for messages."""
    missing: dict[str, list[Metric]] = field(default_factory=dict)
    """What is lost for lack of any PMU of a kind."""
    unsupported: list[Metric] = field(default_factory=list)
    """What this CPU cannot count."""
    broken: list[str] = field(default_factory=list)
    """What the kernel tells of its PMUs and is not as documented."""
    _pmus: dict[str, Pmu | None] = field(default_factory=dict)

    def placed(self, sets: Iterable[Iterable[Event]]) -> list[PmuPlan]:
        """A plan for each PMU that counts something.

        Raises `ConfigurationError` for terms that the PMUs of the kind do not have and for a kind that nobody knows.
        """
        by_pmu: dict[str, list[list[Counter]]] = {}
        for number, one in enumerate(sets):
            for event in one:
                for name, counter in self._counters(event).items():
                    of_pmu = by_pmu.setdefault(name, [])
                    of_pmu += [[] for _ in range(number + 1 - len(of_pmu))]
                    of_pmu[number].append(counter)
        plans = []
        for name, counters in by_pmu.items():
            pmu = self._pmus[name]
            assert pmu is not None
            plans.append(PmuPlan(pmu, tuple(tuple(one) for one in counters if one), always_counts(pmu)))
        return plans

    def _counters(self, event: Event) -> dict[str, Counter]:
        """By name of the PMU."""
        if event.terms is None:
            return self._predefined(event.metric)
        if not is_known(event.kind) and event.kind not in self.names:
            raise ConfigurationError(
                f"uncore_event_names: {event.metric.name}: this machine has no PMU {event.kind!r}, "
                f"and it is no kind of PMUs; the kinds are {', '.join(PATTERNS)}"
            )
        pmus = self._pmus_of(event.kind)
        if not pmus:
            self.missing.setdefault(event.kind, []).append(event.metric)
        return self._made(pmus, lambda pmu: Counter(event.metric, (encoding_of(event, pmu),)))

    def _predefined(self, metric: Metric) -> dict[str, Counter]:
        kind, parts = kind_on(metric, self.codename), parts_of(metric, self.codename)
        kinds = [kind, FREE_RUNNING] if kind == "uncore_imc" else [kind]
        for one in kinds:
            counters = self._made(self._pmus_of(one), lambda pmu: counter_of(metric, pmu, parts))
            if counters:
                return counters
        has_some = any(self._pmus_of(one) for one in kinds)
        if has_some or (self.codename in KNOWN and not parts):
            self.unsupported.append(metric)
        else:
            self.missing.setdefault(kind, []).append(metric)
        return {}

    def _made(self, pmus: Iterable[Pmu], make: Callable[[Pmu], Counter | None]) -> dict[str, Counter]:
        """By name, of those PMUs that can count it."""
        found: dict[str, Counter] = {}
        for pmu in pmus:
            try:
                counter = make(pmu)
            except HostError as error:
                self.broken.append(str(error))
            else:
                found |= {} if counter is None else {pmu.name: counter}
        return found

    def _pmus_of(self, kind: str) -> list[Pmu]:
        names = pmus_of(kind, self.names)
        for name in names:
            if name not in self._pmus:
                try:
                    self._pmus[name] = self.read(name)
                except HostError as error:
                    self._pmus[name] = None
                    self.broken.append(str(error))
        return [pmu for name in names if (pmu := self._pmus[name]) is not None]
