"""From the names of the configuration to events of this machine.

| looked for, in this order | gives |
|---|---|
| `catalogue` | a generic event; on a hybrid machine one for each kind of core |
| `models` | an event that this CPU's maker codes so |
| the user's map | whatever it says for this CPU |
| what the kernel names below `events/` of the core PMU | that, for `task_` and its name |
| a name with slashes, a name with `__r` | what it says |

A name that is nowhere is an error. A named event that this CPU does not have is left out and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wca_core.errors import ConfigurationError
from wca_rdt.perf import models
from wca_rdt.perf.attributes import RAW, SOFTWARE
from wca_rdt.perf.catalogue import CLOCKS, EVENTS, NANOSECONDS, Known
from wca_rdt.perf.event_map import EventMap
from wca_rdt.perf.events import CORE_PMU, Coding, Event, metric_of, parse_raw, split_terms
from wca_rdt.perf.pmu import Encoding, Pmu, parse_terms, read_pmu
from wca_rdt.perf.processor import Processor

_TYPE_SHIFT = 32
"""Where `config` of a generic event has the PMU, on a hybrid machine."""


class NotOnThisCpu(Exception):  # noqa: N818  what is so, not a mistake
    """A name that other CPUs have; the text says why this one does not."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of the names."""

    events: tuple[Event, ...]
    left_out: Mapping[str, str]
    """Names of events that this CPU does not have, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """What one machine makes of names."""

    processor: Processor
    sys_root: str
    event_map: EventMap = field(default_factory=EventMap)
    approximate: bool = False
    """Whether codes may be used that count something near."""

    def resolved(self, names: Iterable[str]) -> Resolved:
        """In the order of the names. Raises `ConfigurationError` for a name that is nowhere, or twice; `HostError`."""
        events: dict[str, Event] = {}
        left_out: dict[str, str] = {}
        for name in dict.fromkeys(names):
            try:
                event = self._event(name)
            except NotOnThisCpu as reason:
                left_out[name] = str(reason)
                continue
            if event.name in events:
                raise ConfigurationError(f"event_names: {name!r} and another event have the metric {event.name}")
            events[event.name] = event
        return Resolved(tuple(events.values()), left_out)

    def _event(self, name: str) -> Event:
        if name in EVENTS:
            return self._generic(name, EVENTS[name])
        mapped = self.event_map.row(name, self.processor.platform)
        if name in models.HELP and (mapped is None or self._has_code(name)):
            return self._of_model(name)
        if mapped is not None:
            help_text = models.HELP.get(name, f"Event {name} of perf_event_map.")
            return Event(name, self._of_pmus(mapped.pmu, mapped.terms), help=help_text)
        return self._of_alias(name) or self._spelled(name)

    def _generic(self, name: str, known: Known) -> Event:
        pmus = self.processor.pmus
        per = NANOSECONDS if name in CLOCKS else 1.0
        if known.type == SOFTWARE or not self.processor.is_hybrid:
            return Event(name, (Coding(Encoding(known.type, known.config)),), help=known.help, per=per)
        codings = (Coding(Encoding(known.type, pmu.type << _TYPE_SHIFT | known.config), pmu.cpus) for pmu in pmus)
        return Event(name, tuple(codings), help=known.help)

    def _of_model(self, name: str) -> Event:
        cpu = self.processor.codename
        if cpu in models.AMD_CPUS and name in models.AMD and not self.approximate:
            raise NotOnThisCpu(f"{cpu} counts only something near (event_names_approximate: true)")
        codes = self._codes(name)
        if not codes:
            raise NotOnThisCpu(f"there is no code of it for {self.processor} (perf_event_map may give one)")
        first, *second = codes
        return Event(name, self._raw(first), second[0] if second else None, models.HELP[name])

    def _has_code(self, name: str) -> bool:
        return bool(self._codes(name))

    def _codes(self, name: str) -> list[Encoding]:
        """The second one is for where the first is not implemented."""
        cpu = self.processor.codename
        if cpu in models.ARM_CPUS:
            codes = enumerate(models.ARM.get(name, ()))
            return [Encoding(self._core_type, code.event) for at, code in codes if at or self._is_named(code.event)]
        near = models.AMD if cpu in models.AMD_CPUS and self.approximate else {}
        code = models.INTEL.get(cpu, near).get(name)
        return [Encoding(RAW, code.x86)] if code else []

    def _is_named(self, event: int) -> bool:
        """Whether an Arm core counts this common event.

        Its driver opens any number, and one that the core lacks counts nothing. But below `events/` it names only those
        that the core says to have (PMCEID: drivers/perf/arm_pmuv3.c). Without any names everything is believed.
        """
        aliases = [alias.terms for pmu in self.processor.pmus for alias in pmu.aliases.values()]
        return not aliases or any(parse_terms(terms).get("event") == event for terms in aliases)

    def _of_alias(self, name: str) -> Event | None:
        """`mem-loads` below `events/` is `task_mem_loads`."""
        codings: list[Coding] = []
        scale = 1.0
        for pmu in self.processor.pmus:
            alias = next((alias for alias in pmu.aliases if metric_of(alias) == name), None)
            if alias is not None:
                codings.append(Coding(pmu.encode({alias: None}), pmu.cpus))
                scale = pmu.aliases[alias].scale
        text = f"What the kernel of this machine calls {name.removeprefix('task_')}."
        return Event(name, tuple(codings), help=text, per=1 / scale) if codings else None

    def _spelled(self, name: str) -> Event:
        parts = split_terms(name)
        if parts is not None:
            metric, pmu, terms = parts
            return Event(metric, self._of_pmus(pmu, parse_terms(terms)), help=f"Event {pmu}/{terms}/.")
        if "__r" not in name:
            raise ConfigurationError(
                f"event_names: there is no event {name!r}: neither a generic name nor one of "
                f"{self.processor} nor below events/ of its PMU; raw events are spelled NAME__rEEUU"
            )
        return Event(name, self._raw(parse_raw(name)), help=f"Raw event {name.rpartition('__r')[2]}.")

    def _raw(self, encoding: Encoding) -> tuple[Coding, ...]:
        """`RAW` means one kind of core only where there are several."""
        if not self.processor.is_hybrid:
            return (Coding(encoding),)
        of = encoding
        return tuple(
            Coding(Encoding(pmu.type, of.config, of.config1, of.config2), pmu.cpus) for pmu in self.processor.pmus
        )

    def _of_pmus(self, pmu_name: str, terms: Mapping[str, int | None]) -> tuple[Coding, ...]:
        return tuple(Coding(pmu.encode(terms), pmu.cpus) for pmu in self._pmus(pmu_name))

    def _pmus(self, pmu_name: str) -> Iterable[Pmu]:
        if pmu_name == CORE_PMU:
            if not self.processor.pmus:
                raise NotOnThisCpu("this machine has no PMU")
            return self.processor.pmus
        pmu = read_pmu(self.sys_root, pmu_name)
        if pmu is None:
            raise NotOnThisCpu(f"this machine has no PMU {pmu_name!r}")
        return (pmu,)

    @property
    def _core_type(self) -> int:
        return self.processor.pmus[0].type if len(self.processor.pmus) == 1 else RAW
