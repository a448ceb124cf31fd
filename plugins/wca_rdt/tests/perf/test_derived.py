"""Ratios and rates: of merged counts, never of nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.counting import Counted
from wca_rdt.perf.derived import Derivation
from wca_rdt.perf.merging import merged, summed

NAMES = ("task_instructions", "task_cycles", "task_cache_misses", "task_cache_references", "task_cpu_clock_seconds")
COUNTS = st.lists(st.integers(0, 2**50), min_size=5, max_size=5)


def between(names: tuple[str, ...], before: list[int], now: list[int], seconds: float) -> dict[str, float]:
    return {metric.name: value for metric, value in Derivation(names).between(before, now, seconds)}


def test_the_ratios_of_a_busy_task() -> None:
    found = between(NAMES[:4], [1000, 5, 10000, 50000], [11000, 15, 20000, 100000], 5.0)

    assert found == {
        "task_ipc": 1000,
        "task_ips": 2000,
        "task_cache_hit_ratio": 0.8,
        "task_cache_misses_per_kilo_instructions": 1000,
    }


def test_a_task_that_rested_has_no_ratios() -> None:
    counts = [1000, 5, 10000, 50000]

    assert between(NAMES[:4], counts, counts, 5.0) == {"task_ips": 0.0}


def test_a_counter_that_fell_takes_its_ratios_with_it() -> None:
    found = between(("task_instructions", "task_cycles"), [100, 10], [90, 20], 5.0)

    assert found == {}


def test_misses_beyond_references_are_no_negative_share_of_hits() -> None:
    found = between(("task_cache_misses", "task_cache_references"), [0, 0], [30, 20], 1.0)

    assert found == {"task_cache_hit_ratio": 0.0}


def test_a_frequency_is_cycles_by_the_time_on_a_cpu() -> None:
    found = between(("task_cycles", "task_cpu_clock_seconds"), [0, 0], [6 * 10**9, 2 * 10**9], 100.0)

    assert found == {"task_effective_frequency_hertz": pytest.approx(3e9)}


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_nothing_is_derived_without_time(seconds: float) -> None:
    assert between(NAMES, [0] * 5, [9] * 5, seconds) == {}


@given(COUNTS, COUNTS, st.floats(1e-9, 1e6))
def test_no_ratio_is_negative_or_infinite(before: list[int], now: list[int], seconds: float) -> None:
    found = between(NAMES, before, now, seconds)

    assert all(value >= 0 and math.isfinite(value) for value in found.values())


def test_containers_are_added_up_before_they_are_divided() -> None:
    first, second = {-1: Counted([100, 50])}, {-1: Counted([100, 150])}

    of_task = merged([first, second])[-1].totals

    assert between(("task_instructions", "task_cycles"), [0, 0], list(of_task), 1.0)["task_ipc"] == 1.0


def test_factors_of_containers_are_averaged_and_the_highest_is_the_highest() -> None:
    found = merged([{-1: Counted([1], 1.0, 1.5)}, {-1: Counted([2], 3.0, 4.0)}], [{-1: Counted([10])}])

    assert (found[-1].totals, found[-1].average, found[-1].maximum) == ([13], 2.0, 4.0)


def test_nothing_is_told_of_a_cpu_that_only_former_containers_had() -> None:
    found = merged([{0: Counted([1])}], [{0: Counted([2]), 1: Counted([3])}])

    assert {cpu: counted.totals for cpu, counted in found.items()} == {0: [3]}
    assert summed([{0: Counted([1])}, {1: Counted([3])}, {0: Counted([2])}])[0].totals == [3]
