"""Whether counters are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.opening import form_of
from wca_rdt.perf.reading import Reading
from wca_rdt.perf.self_test import LEAST_SECONDS, UNIT, Observation, faults, observe

from plugins.wca_rdt.tests.perf.given import event


def observed(first: int, second: int, *, units: int = 10, seconds: float = 0.05, running: int = 1) -> Observation:
    return Observation(Reading(1, running, (first,)), Reading(4, 4 * running, (second,)), units, seconds)


@pytest.mark.parametrize(
    ("name", "first", "second", "fault"),
    [
        ("task_instructions", 30 * UNIT, 120 * UNIT, ""),
        ("task_instructions", 0, 0, "it stands still while work is done"),
        ("task_instructions", 30 * UNIT, 30 * UNIT, "it stands still while work is done"),
        ("task_instructions", 9 * UNIT, 36 * UNIT, "it counted 90000 for work of at least 100000"),
        ("task_instructions", 30 * UNIT, 40 * UNIT, "it counted 300000 for some work and 100000 for 3 times as much"),
        ("task_cycles", 2**62, 2**63, f"it counted {2**63} in 0.050 s, which no CPU can"),
        ("task_cycles", 5, 20, ""),
        ("task_cache_misses", 0, 0, ""),
        ("task_cache_misses", 2**60, 2**60, f"it counted {2**60} in 0.050 s, which no CPU can"),
    ],
)
def test_a_counter_is_held_against_the_work(name: str, first: int, second: int, fault: str) -> None:
    assert observed(first, second).fault(name, 0) == fault


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Reading(100, 100, (30 * UNIT,)), Reading(400, 160, (48 * UNIT,))),  # a fifth of the second work
        (Reading(100, 0, (0,)), Reading(400, 300, (90 * UNIT,))),  # nothing of the first
        (Reading(100, 100, (30 * UNIT,)), Reading(400, 100, (30 * UNIT,))),  # nothing of the second
        (Reading(100, 10, (3 * UNIT,)), Reading(400, 40, (12 * UNIT,))),  # a tenth of both
        (Reading(100, 0, (0,)), Reading(400, 0, (0,))),  # nothing: told apart by `never_ran`
    ],
)
def test_a_counter_that_others_took_away_for_a_while_is_believed(first: Reading, second: Reading) -> None:
    assert Observation(first, second, 10, 0.05).fault("task_instructions", 0) == ""


def test_a_counter_that_stands_still_while_it_has_its_turn_is_not_believed() -> None:
    found = Observation(Reading(100, 0, (0,)), Reading(400, 20, (0,)), 10, 0.05)

    assert found.fault("task_cycles", 0) == "it stands still while work is done"


def test_faults_are_told_by_name() -> None:
    both = Observation(Reading(1, 1, (0, 50 * UNIT)), Reading(2, 2, (0, 200 * UNIT)), 10, 0.05)

    assert faults(both, ["task_cycles", "task_instructions"]) == {"task_cycles": "it stands still while work is done"}


@given(st.integers(10 * UNIT, 10**9), st.integers(1, 4))
def test_counts_in_proportion_to_the_work_are_believed(first: int, more: int) -> None:
    assert observed(first, first + 3 * first, seconds=1.0).fault("task_instructions", 0) == ""


def test_the_clock_of_this_thread_runs_while_it_works() -> None:
    form = form_of([event("task_task_clock_seconds", 1, 1)], [0], 0, exclude_guest=False)
    assert form is not None

    try:
        found = observe(form)
    except OSError as error:
        pytest.skip(f"this process may not count itself here: {error}")

    [first], [second] = found.first.values, found.second.values
    assert not found.never_ran
    assert 0 < first < second <= found.seconds * 1e9
    assert found.units >= 1
    assert LEAST_SECONDS == 0.01
