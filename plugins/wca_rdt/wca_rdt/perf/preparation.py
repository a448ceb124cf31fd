"""What becomes of the wish to count events on this machine: a plan for all cgroups, and what is told of the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wca_core.errors import StartError
from wca_core.host import Host
from wca_rdt.perf.admission import FORBIDDEN, Admission, Admitted, Policy
from wca_rdt.perf.event_map import EventMap, read_event_map
from wca_rdt.perf.plan import Plan
from wca_rdt.perf.privileges import remedies
from wca_rdt.perf.processor import Processor, read_processor
from wca_rdt.perf.resolution import Resolved, Resolver
from wca_rdt.perf.trial import OwnThread, try_whole_cpu

log = logging.getLogger("wca.perf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the configuration asks for."""

    names: Sequence[str]
    policy: Policy = "available"
    exclude_guest: bool = True
    aggregates: bool = True
    event_map: str | None = None
    approximate: bool = False

    def resolved(self, host: Host, processor: Processor) -> Resolved:
        """Raises `ConfigurationError`, `HostError`."""
        known = EventMap() if self.event_map is None else read_event_map(self.event_map, processor.platform)
        resolver = Resolver(processor=processor, sys_root=host.sys, event_map=known, approximate=self.approximate)
        return resolver.resolved(self.names)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be counted, and by name why the rest cannot."""

    plan: Plan
    lacks: Mapping[str, str]


def prepared(wishes: Wishes, host: Host) -> Prepared:
    """Raises `ConfigurationError` for wrong names, `StartError` for what the policy refuses, `HostError`."""
    processor = read_processor(host)
    resolved = wishes.resolved(host, processor)
    kinds = kinds_of_cpu(processor)
    admission = Admission(
        OwnThread(is_hybrid=processor.is_hybrid),
        wishes.policy,
        kinds,
        wishes.exclude_guest,
        _counters(processor),
        lambda: remedies(host.proc),
    )
    privilege = _why_no_privilege(host, kinds[0])
    if privilege and wishes.policy != "best_effort":
        raise StartError(f"what runs on a CPU may not be counted: {privilege}")
    if privilege:
        admitted = Admitted((), (), wishes.exclude_guest, {event.name: privilege for event in resolved.events})
    else:
        admitted = admission.admit(resolved.events)
    plan = Plan(admitted.events, admitted.partition, admitted.exclude_guest, wishes.aggregates)
    return Prepared(plan, {**resolved.left_out, **admitted.lacks})


def tell(found: Prepared) -> None:
    """Once: what is not counted, and whether groups take turns."""
    names: dict[str, list[str]] = {}
    for name, reason in found.lacks.items():
        names.setdefault(reason, []).append(name)
    for reason, which in names.items():
        log.warning("%s: left out: %s", ", ".join(which), reason)
    if not found.plan.events:
        log.warning("no event is left that this machine counts: tasks are measured without counters")
    if len(found.plan.partition) > 1:
        log.warning("the events are more than counters: %d groups take turns", len(found.plan.partition))


def kinds_of_cpu(processor: Processor) -> list[int]:
    """One CPU of each kind of core that is online."""
    online = processor.platform.online_cpus
    owners = [pmu.cpus for pmu in processor.pmus if pmu.cpus] if processor.is_hybrid else []
    return [next(cpu for cpu in online if cpu in cpus) for cpus in owners if cpus & set(online)] or [online[0]]


def _why_no_privilege(host: Host, cpu: int) -> str:
    """Empty if nothing is missing, or there are no perf events at all."""
    try:
        try_whole_cpu(cpu)
    except OSError as error:
        return remedies(host.proc) if error.errno in FORBIDDEN else ""
    return ""


def _counters(processor: Processor) -> str:
    known = processor.general_counters
    words = "" if known is None else f"{processor.codename} counts {known} beside those with counters of their own"
    return f"{words} (the NMI watchdog has one more)" if words and processor.watchdog else words
