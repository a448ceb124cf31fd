"""What uncore counters need of the machine: PMUs that its kernel shows, and the permission to watch whole CPUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wca_core.host import Host
from wca_core.linux.capabilities import read_privileges
from wca_core.model.requirement import Requirement
from wca_rdt.perf.pmu import read_names
from wca_rdt.perf.privileges import CURE as PERMISSION
from wca_rdt.perf.privileges import is_capable, paranoid_level, why_forbidden
from wca_rdt.perf.uncore.events import Event
from wca_rdt.perf.uncore.generations import kind_on
from wca_rdt.perf.uncore.kinds import FREE_RUNNING, PATTERNS, pmus_of

CURE = "modprobe intel_uncore or amd_uncore; in a virtual machine ask its host, few have any"


def needs(sets: Iterable[Iterable[Event]]) -> list[Requirement]:
    """Of these events; of any uncore PMU if there are none."""
    events = tuple(event for one in sets for event in one)
    return [
        Requirement(
            need="uncore PMUs for the wanted events" if events else "uncore PMUs",
            is_met=lambda host: not _lacking(events, host),
            found=lambda host: f"this kernel has no {', '.join(_lacking(events, host))}",
            cure=CURE,
            required=False,
            lost=", ".join(event.metric.name for event in events) or "platform_*",
            only_with="" if events else "uncore_event_names",
        ),
        Requirement(
            need="the permission to count on whole CPUs",
            is_met=may_watch_cpus,
            found=lambda host: why_forbidden(host.proc),
            cure=PERMISSION,
            required=False,
            lost="all of uncore",
            only_with="" if events else "uncore_event_names",
        ),
    ]


def may_watch_cpus(host: Host) -> bool:
    """What the kernel asks for an event of a CPU, whoever runs there. A seccomp profile may still refuse it.

    Raises `HostError`, `OSError`, `ValueError`.
    """
    paranoid = paranoid_level(host.proc)
    return is_capable(read_privileges(host.proc)) or (paranoid is not None and paranoid <= 0)


def _lacking(events: Sequence[Event], host: Host) -> list[str]:
    """The kinds of which the machine has no PMU."""
    names = read_names(host.sys)
    if not events:
        return [] if any(pmus_of(kind, names) for kind in PATTERNS) else ["uncore PMU"]
    wanted = dict.fromkeys(event.kind or kind_on(event.metric, host.platform.cpu_codename) for event in events)
    return [kind for kind in wanted if kind and not any(pmus_of(one, names) for one in _serving(kind))]


def _serving(kind: str) -> list[str]:
    return [kind, FREE_RUNNING] if kind == "uncore_imc" else [kind]
