"""Which events are counted where the kernel, or the self-test, says no: by policy."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from wca_rdt.perf.admission import NEVER_RUNS, Admission, Admitted, Policy
from wca_rdt.perf.attributes import HARDWARE, HW_CACHE, SOFTWARE, Attributes
from wca_rdt.perf.events import Coding, Event
from wca_rdt.perf.opening import Form
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.reading import Reading
from wca_rdt.perf.self_test import UNIT, Observation

from plugins.wca_rdt.tests.perf.given import event
from wca_core.errors import StartError

CYCLES = event("task_cycles", HARDWARE, 0)
INSTRUCTIONS = event("task_instructions", HARDWARE, 1)
MISSES = event("task_cache_misses", HARDWARE, 3)
CLOCK = event("task_task_clock_seconds", SOFTWARE, 1)
FAULTS = event("task_page_faults", SOFTWARE, 2)


def asked(of: Event, *, exclude_guest: bool = True) -> bytes:
    """What the kernel is told of an event alone."""
    return bytes(of.codings[0].attributes(disabled=True, exclude_guest=exclude_guest))


def key(attributes: bytes) -> tuple[int, int]:
    """Type and config."""
    return int.from_bytes(attributes[:4], "little"), int.from_bytes(attributes[8:16], "little")


@dataclass
class Kernel:
    """With so many counters of hardware, that refuses some events, and some of which stand still."""

    counters: int = 4
    refuses: Mapping[tuple[int, int], int] = field(default_factory=dict)
    knows_guests: bool = True
    still: Collection[tuple[int, int]] = ()
    never_runs: Collection[tuple[int, int]] = ()
    runs_at_once: int = 99

    def open(self, form: Form) -> None:
        for one in form.attributes:
            if key(one) in self.refuses:
                raise OSError(self.refuses[key(one)], os.strerror(self.refuses[key(one)]))
            bits = int.from_bytes(one[40:48], "little")
            if bits >> 20 & 1 and not self.knows_guests:
                raise OSError(errno.EINVAL, "no guests")
        if len(self._hardware(form)) > self.counters:
            raise OSError(errno.EINVAL, "too many")

    def observe(self, form: Form, cpu: int) -> Observation:
        keys = [key(one) for one in form.attributes]
        is_idle = any(one in self.never_runs for one in keys) or len(self._hardware(form)) > self.runs_at_once
        running = 0 if is_idle else 100
        first = tuple(0 if one in self.still else 10 * UNIT for one in keys)
        second = tuple(4 * value for value in first)
        return Observation(Reading(100, running, first), Reading(400, 4 * running, second), 1, 0.1)

    def _hardware(self, form: Form) -> list[bytes]:
        return [one for one in form.attributes if key(one)[0] == HARDWARE]


def admitted(kernel: Kernel, policy: Policy, *events: Event) -> Admitted:
    return Admission(kernel, policy, [0]).admit(events)


def names(found: Admitted) -> list[str]:
    return [one.name for one in found.events]


def test_what_fits_is_one_group_with_hardware_first() -> None:
    found = admitted(Kernel(), "strict", CLOCK, CYCLES, INSTRUCTIONS)

    assert names(found) == ["task_cycles", "task_instructions", "task_task_clock_seconds"]
    assert (found.partition, found.exclude_guest, found.lacks) == (((0, 1, 2),), True, {})


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.ENXIO, errno.ENOSYS, errno.EBUSY])
@pytest.mark.parametrize("policy", ["available", "best_effort"])
def test_what_the_machine_does_not_have_is_left_out_and_named(policy: Policy, code: int) -> None:
    found = admitted(Kernel(refuses={(HARDWARE, 0): code}), policy, CYCLES, CLOCK)

    assert names(found) == ["task_task_clock_seconds"]
    assert errno.errorcode[code] in found.lacks["task_cycles"]


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EINVAL, errno.EACCES, errno.EBUSY, errno.ENOSYS])
def test_strict_refuses_whatever_cannot_be_counted(code: int) -> None:
    with pytest.raises(StartError, match=rf"the kernel refused task_cycles \(type 0\).*{errno.errorcode[code]}"):
        admitted(Kernel(refuses={(HARDWARE, 0): code}), "strict", CYCLES, CLOCK)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EACCES, errno.EPERM])
def test_what_was_asked_wrongly_is_refused_unless_any_effort_is_welcome(code: int) -> None:
    kernel = Kernel(refuses={(HARDWARE, 0): code})

    with pytest.raises(StartError, match=errno.errorcode[code]):
        admitted(kernel, "available", CYCLES, CLOCK)
    assert names(admitted(kernel, "best_effort", CYCLES, CLOCK)) == ["task_task_clock_seconds"]


def test_a_combination_of_the_caches_that_the_cpu_does_not_count_is_no_mistake_of_the_user() -> None:
    stores = event("task_llc_stores", HW_CACHE, 0x102)

    found = admitted(Kernel(refuses={(HW_CACHE, 0x102): errno.EINVAL}), "available", stores, CLOCK)

    assert found.lacks == {"task_llc_stores": "this machine does not count it (EINVAL)"}


def test_guests_are_counted_where_they_cannot_be_told_apart() -> None:
    found = admitted(Kernel(knows_guests=False), "strict", CYCLES)

    assert (names(found), found.exclude_guest) == (["task_cycles"], False)


def test_an_alternative_is_taken_where_the_first_code_is_not_implemented() -> None:
    loads = Event("task_loads", (Coding(Encoding(4, 6)),), Encoding(4, 0x70))

    found = admitted(Kernel(refuses={(4, 6): errno.ENOENT}), "strict", loads)

    assert found.events[0].codings[0].encoding == Encoding(4, 0x70)


def test_one_kind_of_core_may_lack_what_the_other_has() -> None:
    both = Event(
        "task_cycles", (Coding(Encoding(0, 4 << 32), frozenset({0})), Coding(Encoding(0, 9 << 32), frozenset({1})))
    )

    found = admitted(Kernel(refuses={(0, 9 << 32): errno.ENOENT}), "strict", both)

    assert [coding.cpus for coding in found.events[0].codings] == [{0}]


@pytest.mark.parametrize("policy", ["available", "strict"])
@pytest.mark.parametrize("kernel", [Kernel(counters=2), Kernel(runs_at_once=2)], ids=["refused", "never scheduled"])
def test_the_first_event_that_does_not_fit_is_named_with_those_before_it(policy: Policy, kernel: Kernel) -> None:
    with pytest.raises(StartError) as error:
        admitted(kernel, policy, CYCLES, CLOCK, INSTRUCTIONS, MISSES)

    assert "task_cache_misses does not fit beside task_cycles, task_instructions: 3 events asked" in str(error.value)


def test_with_best_effort_groups_take_turns() -> None:
    found = admitted(Kernel(counters=2), "best_effort", CYCLES, INSTRUCTIONS, MISSES, CLOCK, FAULTS)

    assert found.partition == ((0, 1), (2, 3, 4))


@pytest.mark.parametrize("policy", ["available", "best_effort"])
def test_a_counter_that_stands_still_is_not_believed(policy: Policy) -> None:
    found = admitted(Kernel(still=[(HARDWARE, 1)]), policy, CYCLES, INSTRUCTIONS)

    assert names(found) == ["task_cycles"]
    assert found.lacks == {"task_instructions": "it stands still while work is done"}


def test_a_counter_that_never_runs_is_left_out_though_the_kernel_opens_it() -> None:
    found = admitted(Kernel(never_runs=[(HARDWARE, 3)]), "available", CYCLES, MISSES, CLOCK)

    assert names(found) == ["task_cycles", "task_task_clock_seconds"]
    assert found.lacks == {"task_cache_misses": NEVER_RUNS}


@pytest.mark.parametrize("policy", ["available", "strict", "best_effort"])
def test_what_may_not_be_tried_is_believed(policy: Policy) -> None:
    """As on a hybrid machine, where this process may not run on the cores of one kind."""

    @dataclass
    class Aloof(Kernel):
        def observe(self, form: Form, cpu: int) -> Observation:
            raise OSError(errno.EINVAL, "no such CPU for you")

    found = admitted(Aloof(), policy, CYCLES, CLOCK)

    assert (names(found), found.lacks) == (["task_cycles", "task_task_clock_seconds"], {})


def test_strict_refuses_a_counter_that_does_not_count() -> None:
    with pytest.raises(StartError, match=r"task_instructions .* does not count: it stands still"):
        admitted(Kernel(still=[(HARDWARE, 1)]), "strict", CYCLES, INSTRUCTIONS)


def test_events_without_hardware_need_no_self_test() -> None:
    found = admitted(Kernel(counters=0, still=[(SOFTWARE, 1)]), "strict", CLOCK, FAULTS)

    assert found.partition == ((0, 1),)


def test_nothing_left_is_no_group() -> None:
    found = admitted(Kernel(refuses={(HARDWARE, 0): errno.ENOENT}), "available", CYCLES)

    assert (found.events, found.partition) == ((), ())


def test_attributes_of_the_fake_kernel_are_those_of_the_real_one() -> None:
    assert key(asked(MISSES)) == (HARDWARE, 3)
    assert asked(CLOCK) == bytes(Attributes(SOFTWARE, 1, disabled=True, exclude_guest=True))
