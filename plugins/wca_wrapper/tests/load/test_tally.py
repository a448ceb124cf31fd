"""What a line tells, and which requests are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper.load.schedule import MOST_AT_ONCE, Schedule
from wca_wrapper.load.tally import Tally, interval_line, total_line
from wca_wrapper.parsers.default import DefaultParser

SECOND = 10**9


def values(line: str) -> dict[str, float]:
    return {one.name: one.value for one in DefaultParser().feed(line)}


def test_a_line_is_in_seconds_and_requests_a_second() -> None:
    tally = Tally(begun=10 * SECOND, answers=3, errors=1)
    for latency in (1_000_000, 2_000_000, 3_000_000, 4_000_000):
        tally.latencies.add(latency)
        tally.lateness.add(50_000)

    line = values(interval_line(tally, 12 * SECOND, []))

    assert (line["rate"], line["asked"], line["errors"], line["unanswered"]) == (1.5, 2.0, 1, 0)
    assert abs(line["p50"] - 0.002) < 0.00002
    assert line["max"] == 0.004
    assert abs(line["late_p99"] - 0.00005) < 0.000001


def test_what_is_not_answered_since_before_the_interval_counts_with_its_age() -> None:
    tally = Tally(begun=10 * SECOND)

    line = values(interval_line(tally, 11 * SECOND, [4 * SECOND, 10 * SECOND + 1]))

    assert line["unanswered"] == 2
    assert line["max"] == 7
    assert abs(line["p50"] - 7) < 0.06


def test_nothing_is_told_of_what_did_not_happen() -> None:
    assert values(interval_line(Tally(0), SECOND, [])).keys() == {"rate", "asked", "errors", "unanswered"}
    assert values(total_line(Tally(0), 0))["total_rate"] == 0


def test_a_rest_of_an_interval_has_the_rate_of_its_own_length() -> None:
    tally = Tally(10 * SECOND, answers=3)

    assert values(interval_line(tally, 10 * SECOND + SECOND // 2, [], 0.1))["rate"] == 6


@pytest.mark.parametrize("length", [0, 1000, SECOND // 10])
def test_of_a_rest_that_is_too_short_no_rate_is_told(length: int) -> None:
    tally = Tally(10 * SECOND, answers=3, errors=1)

    told = values(interval_line(tally, 10 * SECOND + length, [], 0.1))

    assert told == {"errors": 1, "unanswered": 0}


@given(st.lists(st.integers(0, 10**13), min_size=1))
def test_every_line_can_be_read_without_exponents(latencies: list[int]) -> None:
    tally = Tally(0)
    for latency in latencies:
        tally.latencies.add(latency)

    assert values(total_line(tally, SECOND))["total_max"] == float(f"{max(latencies) / SECOND:.6f}")


@given(st.lists(st.floats(0, 100), min_size=1).map(sorted), st.floats(1, 100), st.lists(st.floats(0, 200)).map(sorted))
def test_what_is_due_before_the_end_comes_once_in_order(
    moments: list[float], duration: float, looks: list[float]
) -> None:
    schedule = Schedule(iter([*moments, 1e6]), 0, duration)

    taken = [one for look in [*looks, 1000.0, 1000.0] for one in schedule.take(int(look * SECOND))]

    assert taken == [due for due in (int(moment * SECOND) for moment in moments) if due < int(duration * SECOND)]
    assert schedule.is_over(int(duration * SECOND))


def test_after_a_pause_answers_are_looked_at_in_between() -> None:
    schedule = Schedule(iter(number / 1000 for number in range(10_000)), 0, 0)

    assert len(list(schedule.take(9 * SECOND))) == MOST_AT_ONCE
    assert not schedule.is_over(9 * SECOND)
