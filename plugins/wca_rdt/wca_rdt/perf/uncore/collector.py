"""Measures memory controllers, links between sockets and cache slices through the kernel's uncore PMUs.

| `perf_event_policy` | a PMU or event is missing | a set is too large for its PMU | no permission |
|---|---|---|---|
| `available` | told once, the rest is measured | refused | refused |
| `best_effort` | told once, the rest is measured | its events take turns | told, nothing is counted |
| `strict` | refused | refused | refused |

An event that WCA knows and this CPU does not have is told and left out in all cases.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from wca_core.errors import HostError, StartError
from wca_core.host import Host
from wca_core.model.metric import Block, Metric, Sample
from wca_core.model.platform import Platform
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import hookimpl, plugin
from wca_rdt.perf.admission import Policy
from wca_rdt.perf.pmu import read_names, read_pmu
from wca_rdt.perf.uncore.counters import PmuPlan
from wca_rdt.perf.uncore.derived import BYTES_OF_FLIT, BYTES_OF_QPI_FLIT, Moment, Moments, derived
from wca_rdt.perf.uncore.descriptions import DERIVED, OWN, PMU_INFO, PREDEFINED
from wca_rdt.perf.uncore.events import Event, parse_sets
from wca_rdt.perf.uncore.groups import Refusal
from wca_rdt.perf.uncore.kernel import Kernel
from wca_rdt.perf.uncore.kinds import kind_of
from wca_rdt.perf.uncore.planning import Planning
from wca_rdt.perf.uncore.unit import Leaf, Surroundings, Unit

log = logging.getLogger("wca.uncore")

LOAD_THE_DRIVER = "modprobe intel_uncore or amd_uncore; virtual machines mostly have none"


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Uncore:
    """Memory controllers, links between sockets and cache slices of the machine."""

    tells_its_lacks = True
    kernel: ClassVar[Kernel] = Kernel()

    uncore_event_names: list[str] | list[list[str]] | None = None
    """What to count: one set of events, or several that are counted in groups of their own."""
    enable_derived_metrics: bool = False
    """Also bandwidths, the share of DRAM and the time reads wait."""
    perf_event_policy: Policy = "available"
    """Whether to start without what the machine lacks, and with what it cannot count as asked for."""

    _sets: tuple[tuple[Event, ...], ...] = field(init=False, repr=False)
    _units: list[Unit] = field(default_factory=list, init=False, repr=False)
    _info: Block | None = field(default=None, init=False, repr=False)
    _platform: Platform | None = field(default=None, init=False, repr=False)
    _sockets: Mapping[int, int] = field(default_factory=dict, init=False, repr=False)
    _before: Moments = field(default_factory=dict, init=False, repr=False)
    _troubled: set[str] = field(default_factory=set, init=False, repr=False)
    _told: set[tuple[str, str]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._sets = parse_sets(self.uncore_event_names or [])

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        asked_for = (event.metric for one in self._sets for event in one)
        return list(dict.fromkeys([*PREDEFINED.values(), *asked_for, *DERIVED, *OWN]))

    @hookimpl
    def requirements(self) -> Iterable[Requirement]:
        from wca_rdt.perf.uncore.needs import needs  # what it looks at is not needed to start

        return needs(self._sets)

    @hookimpl
    def start(self, host: Host) -> None:
        if not self._sets:
            log.info("nothing to count: uncore_event_names is empty")
            return
        try:
            if not self._finds_the_cpus(host):
                return
            for plan in self._plans(host):
                self._open(plan, host)
        except Refusal as refusal:
            self.stop()
            if refusal.is_forbidden and self.perf_event_policy != "best_effort":
                raise StartError(str(refusal)) from refusal
            log.error("nothing is counted: %s", refusal)
        except HostError as error:
            self.stop()
            raise StartError(str(error)) from error
        names = {unit.plan.pmu.type: unit.plan.pmu.name for unit in self._units}
        host.platform_parts["uncore"] = names
        self._info = Block(
            tuple(PMU_INFO.series(pmu_type=number, pmu_name=name) for number, name in names.items()), [1] * len(names)
        )

    @hookimpl
    def collect_metrics(self, host: Host) -> Iterator[Block | Sample]:
        if not self._units or self._info is None:
            return
        self._follow(host.platform)
        yield self._info
        now: dict[tuple[int, int], Moment] = {}
        for unit in self._units:
            for leaf in self._read(unit):
                yield Block(leaf.series, leaf.values)
                if self.enable_derived_metrics:
                    counts = {series.metric: value for series, value in zip(leaf.series, leaf.values, strict=True)}
                    flit = BYTES_OF_QPI_FLIT if kind_of(unit.plan.pmu.name) == "uncore_qpi" else BYTES_OF_FLIT
                    now[leaf.socket, unit.plan.pmu.type] = Moment(host.clock.monotonic(), counts, flit)
        if self.enable_derived_metrics:
            yield from derived(self._before, now)
        self._before = now

    @hookimpl
    def stop(self) -> None:
        for unit in self._units:
            unit.close()
        self._units = []
        self._before = {}

    def _finds_the_cpus(self, host: Host) -> bool:
        """Raises `HostError` if it does not and nothing may be missing."""
        try:
            self._follow(host.platform)
        except HostError as error:
            self._tell(str(error), "nothing is counted")
            return False
        return True

    def _plans(self, host: Host) -> list[PmuPlan]:
        """What each PMU is to count; what cannot be counted is told. Raises `ConfigurationError`, `HostError`."""
        platform = host.platform
        names = read_names(host.sys)
        planning = Planning(names, partial(read_pmu, host.sys), platform.cpu_codename, platform.cpu_model)
        plans = planning.placed(self._sets)
        for trouble in planning.broken:
            self._tell(trouble, "it is left out")
        for metric in planning.unsupported:
            log.warning("uncore event %r not supported on %s", metric.name, planning.cpu)
        for kind, metrics in planning.missing.items():
            found = ", ".join(names) or "no PMU at all"
            self._tell(
                f"PMU {kind!r} not available: this kernel has {found} ({LOAD_THE_DRIVER})",
                f"left out: {', '.join(metric.name for metric in metrics)}",
            )
        return plans

    def _open(self, plan: PmuPlan, host: Host) -> None:
        """Count what of the plan the kernel accepts. Raises `HostError`; `Refusal` if nothing else will do better."""
        around = Surroundings(self.kernel, host.sys, host.open_files)
        while plan.counters:
            unit = Unit(plan, around)
            try:
                unit.open(self._sockets)
            except Refusal as refusal:
                unit.close()
                if refusal.is_hopeless and self.perf_event_policy != "strict":
                    raise
                of = (kind_of(plan.pmu.name), refusal.counter.metric.name)
                self._tell(str(refusal), "it is left out there, and where else that happens", of)
                plan = plan.without(refusal.counter.metric)
            except HostError as error:
                unit.close()
                self._tell(str(error), "it is left out")
                return
            else:
                self._units.append(unit)
                if unit.split_reason:
                    of = (kind_of(plan.pmu.name), "")
                    self._tell(unit.split_reason, "they take turns, so counts are extrapolated", of, is_wrong=True)
                return

    def _tell(
        self, trouble: str, consequence: str, of: tuple[str, str] | None = None, *, is_wrong: bool = False
    ) -> None:
        """What is missing; `is_wrong`: not the machine's fault. Raises `HostError` if the policy does not allow it.

        `of`: kind of PMU and metric, for what each of many PMUs has alike; it is told of the first.
        """
        if self.perf_event_policy == "strict" or (is_wrong and self.perf_event_policy == "available"):
            raise HostError(trouble)
        if of is None or of not in self._told:
            log.warning("%s; %s", trouble, consequence)
        if of is not None:
            self._told.add(of)

    def _read(self, unit: Unit) -> Sequence[Leaf]:
        """Nothing from a PMU that cannot be read in this step, which is told once."""
        name = unit.plan.pmu.name
        try:
            leaves = unit.read(self._sockets)
        except HostError as error:
            if name not in self._troubled:
                self._troubled.add(name)
                log.warning("%s; it is left out of this step and tried again", error)
            return ()
        if name in self._troubled:
            self._troubled.discard(name)
            log.info("%s is read again", name)
        return leaves

    def _follow(self, platform: Platform) -> None:
        if platform is not self._platform:
            self._platform = platform
            topology = platform.topology
            self._sockets = {
                cpu: socket for socket, cores in topology.items() for cpus in cores.values() for cpu in cpus
            }
