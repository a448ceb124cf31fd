"""What is opened for each cgroup: which events, in which groups, on which CPUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wca_core.model.metric import Value
from wca_rdt.perf.counting import ALL_CPUS
from wca_rdt.perf.events import Event
from wca_rdt.perf.opening import Form, form_of


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The same for all cgroups, as long as the agent runs."""

    events: tuple[Event, ...]
    partition: tuple[tuple[int, ...], ...]
    """The places of the events of each group: one group, unless some would never fit together."""
    exclude_guest: bool = False
    aggregates: bool = True
    """Over CPUs; false: each CPU is told by itself."""
    _forms: dict[int, tuple[Form, ...]] = field(default_factory=dict, init=False, repr=False)
    _units: list[tuple[int, float]] = field(default_factory=list, init=False, repr=False)
    """Places of events that do not count in the unit of their metric, and by what to divide."""

    def __post_init__(self) -> None:
        self._units.extend((place, event.per) for place, event in enumerate(self.events) if event.per != 1)

    def forms(self, cpu: int) -> tuple[Form, ...]:
        """The groups of one CPU, which on a hybrid machine may lack events that others have."""
        found = self._forms.get(cpu)
        if found is None:
            made = (form_of(self.events, part, cpu, exclude_guest=self.exclude_guest) for part in self.partition)
            found = self._forms[cpu] = tuple(form for form in made if form is not None)
        return found

    def places_on(self, cpu: int) -> list[int]:
        """Of the events that a CPU has; of `ALL_CPUS` together all."""
        if cpu == ALL_CPUS:
            return list(range(len(self.events)))
        return sorted(place for form in self.forms(cpu) for place in form.places)

    def values(self, cpu: int, totals: Sequence[int]) -> list[Value]:
        """Those of `places_on` in the units of their metrics."""
        values: list[Value] = list(totals)
        for place, per in self._units:
            values[place] /= per
        return values if cpu == ALL_CPUS else [values[place] for place in self.places_on(cpu)]

    def descriptors(self, cpus: Iterable[int]) -> int:
        """How many one cgroup takes."""
        return 1 + sum(len(form.places) for cpu in cpus for form in self.forms(cpu))
