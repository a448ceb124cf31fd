"""fio counts from its start; what it does now is what lies between two of its documents."""

from __future__ import annotations

import json
from collections.abc import Iterable

from plugins.wca_wrapper.tests.captured import parser


def document(*jobs: tuple[int, int]) -> Iterable[str]:
    """A document of fio: of each job milliseconds and reads of 4 KiB, both since its start."""
    counted = [
        {"jobname": "a", "read": {"total_ios": ios, "io_bytes": ios * 4096, "runtime": runtime, "iops": 1.0}}
        for runtime, ios in jobs
    ]
    return json.dumps({"jobs": counted}, indent=1).splitlines()


def running(*documents: Iterable[str]) -> list[list[float]]:
    """What is found of each: running reads a second, of every job."""
    fio = parser("fio")
    updates = [[one for line in lines for one in fio.feed(line)] for lines in documents]
    return [[one.value for one in update if one.name == "running_read_iops"] for update in updates]


def test_a_rate_is_of_the_time_since_the_document_before() -> None:
    assert running(document((1000, 500)), document((3000, 600))) == [[500.0], [50.0]]


def test_a_job_that_is_held_up_has_a_rate_of_zero() -> None:
    assert running(document((1000, 500)), document((2000, 500))) == [[500.0], [0.0]]


def test_too_short_a_time_is_added_to_the_next() -> None:
    assert running(document((1000, 500)), document((1010, 520)), document((2000, 700))) == [[500.0], [], [200.0]]


def test_jobs_of_one_name_are_told_apart() -> None:
    first, second = document((1000, 500), (1000, 10)), document((2000, 600), (2000, 30))

    assert running(first, second) == [[500.0, 10.0], [100.0, 20.0]]


def test_counting_may_begin_anew() -> None:
    assert running(document((5000, 500)), document((1000, 30))) == [[100.0], [30.0]]


def test_counts_that_are_none_cost_the_rate_alone() -> None:
    lines = json.dumps({"jobs": [{"jobname": "a", "read": {"total_ios": "x", "iops": 7, "runtime": 1}}]}, indent=1)

    fio = parser("fio")

    found = [one for line in lines.splitlines() for one in fio.feed(line)]

    assert [(one.name, one.value) for one in found][:1] == [("read_iops", 7.0)]


def test_bytes_are_counted_alike() -> None:
    fio = parser("fio")

    found = [one for line in document((2000, 500)) for one in fio.feed(line)]

    assert [one.value for one in found if one.name == "running_read_bytes_per_second"] == [250 * 4096.0]
