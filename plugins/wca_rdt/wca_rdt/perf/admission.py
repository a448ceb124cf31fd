"""Which of the events this machine counts, and in which groups: decided once, before the first task.

| the kernel says, or the self-test finds | `available` | `strict` | `best_effort` |
|---|---|---|---|
| no such event, kernel without perf, stands still, nonsense | left out, told once | refused | left out, told once |
| another one uses the PMU alone, events are never scheduled | left out, told once | refused | left out, told once |
| an encoding that it does not understand | refused | refused | left out, told once |
| more events than counters | refused | refused | several groups take turns |
| no privilege | refused | refused | nothing is counted, told once |
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from wca_core.errors import StartError
from wca_rdt.perf.events import Coding, Event
from wca_rdt.perf.opening import Form, form_of
from wca_rdt.perf.self_test import Observation, faults

log = logging.getLogger("wca.perf")

Policy: TypeAlias = Literal["available", "strict", "best_effort"]

ABSENT = frozenset({errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.ENXIO, errno.ENOSYS})
"""ENXIO: a register beside the counter, such as those of offcore responses, is missing, as in many virtual machines."""

FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
PASSED = {
    "available": ABSENT | {errno.EBUSY},
    "best_effort": ABSENT | FORBIDDEN | {errno.EBUSY, errno.EINVAL},
    "strict": frozenset[int](),
}
"""By policy: with what an event is left out instead of refused."""

NEVER_RUNS = "it is never scheduled (another user of the PMU, or a virtual machine without a virtual PMU)"
_WORDS = {
    errno.ENOENT: "this machine does not count it",
    errno.EOPNOTSUPP: "this machine does not count it",
    errno.ENODEV: "this machine does not count it",
    errno.ENXIO: "this machine does not count it",
    errno.ENOSYS: "the kernel has no perf events, or a seccomp filter hides them",
    errno.EBUSY: "somebody else uses the PMU alone",
    errno.EINVAL: "the kernel does not understand its code",
}


class Kernel(Protocol):
    """What is asked; in tests something that answers like one."""

    def open(self, form: Form) -> None:
        """Open a group of the own thread and close it again. Raises `OSError`."""

    def observe(self, form: Form, cpu: int) -> Observation:
        """What the group counts of the own thread on a CPU like this one. Raises `OSError`, `ValueError`."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What will be counted."""

    events: tuple[Event, ...]
    """Those of hardware first: where they follow, the kernel has to move the whole group."""
    partition: tuple[tuple[int, ...], ...]
    """Places of the events, by group."""
    exclude_guest: bool
    lacks: dict[str, str]
    """By name of an event that is left out: why."""


@dataclass(slots=True)
class Admission:
    """One decision."""

    kernel: Kernel
    policy: Policy
    cpus: Sequence[int]
    """One of each kind."""
    exclude_guest: bool = True
    counters: str = ""
    """In words, how many events the CPUs count at once."""
    remedies: Callable[[], str] = str
    """What to do where a privilege is missing."""
    lacks: dict[str, str] = field(default_factory=dict, init=False)

    def admit(self, events: Sequence[Event]) -> Admitted:
        """Raises `StartError` for what the policy does not let pass."""
        known = [found for event in events if (found := self._known(event)) is not None]
        known.sort(key=lambda event: event.is_software)
        if any(not event.is_software for event in known) and not self._are_sound(known):
            known = [event for event in known if event.is_software or self._is_sound(event)]
        return Admitted(tuple(known), self._partition(known), self.exclude_guest, self.lacks)

    def _known(self, event: Event) -> Event | None:
        """The event as far as the kernel takes it by itself."""
        codings = []
        refusal: OSError | None = None
        for coding in event.codings:
            try:
                codings.append(self._tried(event, coding))
            except OSError as error:
                refusal = error
        if codings:
            return replace(event, codings=tuple(codings))
        assert refusal is not None
        self._leave_out(event, refusal)
        return None

    def _tried(self, event: Event, coding: Coding) -> Coding:
        """The coding, or the alternative one. Raises `OSError` of the first."""
        try:
            self._try_alone(event, coding)
        except OSError as error:
            if event.alternative is None or error.errno not in (*ABSENT, errno.EINVAL):
                raise
            second = replace(coding, encoding=event.alternative)
            try:
                self._try_alone(event, second)
            except OSError:
                raise error from None
            return second
        return coding

    def _try_alone(self, event: Event, coding: Coding) -> None:
        """Not every PMU can tell guests apart: then they are counted. Raises `OSError`."""
        try:
            self.kernel.open(self._form([replace(event, codings=(replace(coding, cpus=None),))], 0))
        except OSError as error:
            if error.errno != errno.EINVAL or not self.exclude_guest:
                raise
            self.exclude_guest = False
            try:
                self.kernel.open(self._form([replace(event, codings=(replace(coding, cpus=None),))], 0))
            except OSError:
                self.exclude_guest = True
                raise

    def _leave_out(self, event: Event, error: OSError) -> None:
        """Of the caches, EINVAL is a combination that this CPU does not count."""
        number = errno.ENOENT if error.errno == errno.EINVAL and event.is_of_cache else error.errno or 0
        reason = f"{_WORDS.get(number, error.strerror)} ({errno.errorcode.get(error.errno or 0, number)})"
        if number not in PASSED[self.policy]:
            cure = self.remedies() if error.errno in FORBIDDEN else "take it from event_names, or set perf_event_policy"
            raise StartError(f"the kernel refused {event}: {reason} ({cure})") from error
        self.lacks[event.name] = reason

    def _are_sound(self, events: Sequence[Event]) -> bool:
        """Whether all that counts together does count."""
        return self._fits(events) and not any(
            faults(found, [events[place].name for place in form.places])
            for cpu, form in self._forms(events)
            if (found := self._observed(form, cpu)) is not None
        )

    def _is_sound(self, event: Event) -> bool:
        """Raises `StartError` where a policy does not let it pass that one does not count."""
        fault = ""
        for cpu, form in self._forms([event]):
            found = self._observed(form, cpu)
            if found is not None:
                fault = NEVER_RUNS if found.never_ran else found.fault(event.name, 0)
            if fault:
                break
        if fault and self.policy == "strict":
            raise StartError(f"{event} does not count: {fault} (take it from event_names, or set perf_event_policy)")
        if fault:
            self.lacks[event.name] = fault
        return not fault

    def _partition(self, events: Sequence[Event]) -> tuple[tuple[int, ...], ...]:
        every = tuple(range(len(events)))
        if not events or self._fits(events):
            return (every,) if events else ()
        if self.policy != "best_effort":
            raise StartError(self._too_many(events))
        groups: list[list[int]] = [[]]
        for place in every:
            if not self._fits([events[one] for one in (*groups[-1], place)]):
                groups.append([])
            groups[-1].append(place)
        return tuple(map(tuple, groups))

    def _too_many(self, events: Sequence[Event]) -> str:
        first = next(number for number in range(1, len(events) + 1) if not self._fits(events[:number]))
        names = [event.name for event in events]
        return (
            f"{names[first - 1]} does not fit beside {', '.join(names[: first - 1])}: {first} events asked, "
            f"{self.counters or 'this CPU counts fewer'} at once (name fewer events, stop the NMI watchdog with "
            "sysctl kernel.nmi_watchdog=0, or let them take turns with perf_event_policy: best_effort)"
        )

    def _fits(self, events: Sequence[Event]) -> bool:
        """Whether the kernel takes them as one group and then does let it run."""
        for cpu, form in self._forms(events):
            try:
                self.kernel.open(form)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise StartError(f"the kernel refused {', '.join(map(str, events))}: {error}") from error
                return False
            if any(not event.is_software for event in events):
                found = self._observed(form, cpu)
                if found is not None and found.never_ran:
                    return False
        return True

    def _observed(self, form: Form, cpu: int) -> Observation | None:
        """None: the kernel does not let this thread try it there, so that it has to be believed."""
        try:
            return self.kernel.observe(form, cpu)
        except (OSError, ValueError) as error:
            log.debug("no counters were tried on CPU %d: %s", cpu, error)
            return None

    def _forms(self, events: Sequence[Event]) -> list[tuple[int, Form]]:
        """By CPU of each kind."""
        forms = ((cpu, form_of(events, range(len(events)), cpu, exclude_guest=self.exclude_guest)) for cpu in self.cpus)
        return [(cpu, form) for cpu, form in forms if form is not None]

    def _form(self, events: Sequence[Event], cpu: int) -> Form:
        form = form_of(events, range(len(events)), cpu, exclude_guest=self.exclude_guest)
        assert form is not None
        return form
