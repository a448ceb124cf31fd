"""What the generator tells of servers that stall, refuse, hang up or say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

import pytest
from wca_wrapper.load.generator import Generator, Pace
from wca_wrapper.load.mix import Mix
from wca_wrapper.load.pool import address_of
from wca_wrapper.load.protocols import PROTOCOLS
from wca_wrapper.load.target import parse_target
from wca_wrapper.parsers.default import DefaultParser

from plugins.wca_wrapper.tests.load.servers import (
    Answering,
    hanging_up_after,
    promptly,
    refusing,
    serving,
    silent,
    stalling,
)

RATE = 200


def moments() -> Iterator[float]:
    return (number / RATE for number in count())


def told(answering: Answering, pace: Pace, connections: int = 4) -> list[dict[str, float]]:
    """The lines of one run, as the wrapper reads them."""
    lines: list[str] = []
    with serving(answering) as port:
        target = parse_target(f"redis://127.0.0.1:{port}")
        mix = Mix(PROTOCOLS["redis"](target), 10, 0.5, b"value", Random(1))
        generator = Generator(address_of(target), connections, mix, pace)
        assert generator.connect(patience=10)
        generator.run(moments(), lines.append)
    return [{one.name: one.value for one in DefaultParser().feed(line)} for line in lines]


def test_every_request_is_asked_and_told_once() -> None:
    *intervals, total = told(promptly, Pace(duration=1, interval=0.25, timeout=10))

    assert total["total_requests"] == total["total_answers"] == RATE
    assert sum(line.get("asked", 0) > 0 for line in intervals) >= 2
    assert {"rate", "asked", "errors", "unanswered", "p50", "p95", "p99", "p999", "max", "late_p99"} == intervals[
        0
    ].keys()


def test_a_stall_counts_for_all_that_was_due_meanwhile() -> None:
    """One that waits for answers before it asks again would have four slow requests, one for each connection."""
    *_, total = told(stalling(after=50, seconds=0.6), Pace(duration=1, interval=1, timeout=10))

    assert total["total_requests"] == RATE
    assert total["total_max"] >= 0.55
    assert total["total_p95"] >= 0.4
    assert total["total_errors"] == 0


def test_a_server_that_says_nothing_does_not_look_well() -> None:
    *intervals, total = told(silent, Pace(duration=1, interval=0.2, timeout=0.7))

    assert (total["total_answers"], total["total_errors"]) == (0, RATE)
    assert total["total_p50"] >= 0.69
    assert next(line["p50"] for line in intervals if "p50" in line) >= 0.2


def test_a_refusal_is_an_error_and_no_latency() -> None:
    *intervals, total = told(refusing, Pace(duration=0.5, interval=1, timeout=10))

    assert total["total_errors"] == total["total_requests"] == RATE / 2
    assert not {"p50", "max"} & {name for line in intervals for name in line}
    assert not {"total_p50", "total_max"} & total.keys()


@pytest.mark.parametrize("most", [2, 7])
def test_a_connection_that_the_server_does_not_keep_is_no_error(most: int) -> None:
    *_, total = told(hanging_up_after(most), Pace(duration=0.5, interval=1, timeout=10))

    assert total["total_errors"] == 0
    assert total["total_answers"] == RATE / 2


def test_a_server_that_goes_away_makes_errors_and_no_end() -> None:
    target = parse_target("redis://127.0.0.1:1")
    mix = Mix(PROTOCOLS["redis"](target), 10, 0.5, b"value", Random(1))
    lines: list[str] = []
    with serving(promptly) as port:
        generator = Generator(address_of(parse_target(f"redis://127.0.0.1:{port}")), 2, mix, Pace(0.5, 1, 0.2))
        assert generator.connect(patience=10)

    generator.run(moments(), lines.append)

    assert "total_answers=0" in lines[-1]
    assert f"total_errors={RATE // 2}" in lines[-1]
    assert generator.complaint


def test_nobody_listens() -> None:
    with serving(promptly) as port:
        pass
    target = parse_target(f"redis://127.0.0.1:{port}")
    mix = Mix(PROTOCOLS["redis"](target), 10, 0.5, b"value", Random(1))

    generator = Generator(address_of(target), 2, mix, Pace(1, 1, 1))

    assert not generator.connect(patience=0.2)
    assert "refused" in generator.complaint


def test_it_stops_when_it_is_told() -> None:
    lines: list[str] = []
    with serving(promptly) as port:
        target = parse_target(f"redis://127.0.0.1:{port}")
        mix = Mix(PROTOCOLS["redis"](target), 10, 0.5, b"value", Random(1))
        generator = Generator(address_of(target), 2, mix, Pace(duration=0, interval=0.1, timeout=1))
        generator.connect(patience=10)
        generator.run(moments(), lambda line: (lines.append(line), generator.stop() if len(lines) == 3 else None)[0])

    assert lines[-1].startswith("total_requests=")
