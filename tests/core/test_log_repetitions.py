"""What is said again within a minute is counted, and the count is told."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from wca_core import logs
from wca_core.logs.repetitions import REMEMBERED, WINDOW, Repetitions


def record(message: str, level: int = logging.WARNING, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord("wca.test", level, "/file.py", line, message, None, None)


class Clock:
    """Seconds that pass when told to."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


def written(repetitions: Repetitions, *records: logging.LogRecord) -> list[tuple[str, int]]:
    """What is written of these records: the message, and how many were only counted before."""
    heard = [out for one in records for out in repetitions.heard(one)]
    return [(out.getMessage(), getattr(out, "again", 0)) for out in heard]


def test_what_is_said_again_within_a_minute_is_counted_and_told_with_the_next() -> None:
    clock = Clock()
    repetitions = Repetitions(clock)

    assert written(repetitions, record("gone"), record("gone"), record("gone")) == [("gone", 0)]
    clock.time = WINDOW
    assert written(repetitions, record("gone"), record("gone")) == [("gone", 2)]
    clock.time = 2 * WINDOW
    assert written(repetitions, record("gone")) == [("gone", 1)]


def test_a_count_is_told_although_the_same_is_not_said_again() -> None:
    clock = Clock()
    repetitions = Repetitions(clock)
    written(repetitions, record("gone"), record("gone"))

    clock.time = WINDOW + 1

    assert written(repetitions, record("other")) == [("gone", 1), ("other", 0)]
    assert list(repetitions.rest()) == []


def test_the_rest_is_what_was_counted_and_not_told() -> None:
    repetitions = Repetitions(Clock())
    written(repetitions, record("gone"), record("gone"), record("once"))

    assert [(one.getMessage(), vars(one)["again"]) for one in repetitions.rest()] == [("gone", 1)]
    assert list(repetitions.rest()) == []


def test_another_message_or_another_place_is_no_repetition() -> None:
    repetitions = Repetitions(Clock())

    assert len(written(repetitions, record("a"), record("b"), record("a", line=2))) == 3


def test_details_are_never_counted() -> None:
    repetitions = Repetitions(Clock())

    assert len(written(repetitions, *[record("read", logging.DEBUG)] * 3, *[record("read", logs.TRACE)] * 3)) == 6


def test_messages_without_number_are_forgotten_the_oldest_first() -> None:
    repetitions = Repetitions(Clock())
    many = [record(f"task {number}") for number in range(REMEMBERED + 1)]

    assert written(repetitions, many[0], many[0]) == [("task 0", 0)]
    assert written(repetitions, *many[1:])[-2:] == [("task 0", 1), (f"task {REMEMBERED}", 0)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40))))
def test_every_record_is_written_or_counted(said: list[tuple[str, float]]) -> None:
    clock = Clock()
    repetitions = Repetitions(clock)
    written_at_once, counted = 0, 0
    for message, later in said:
        clock.time += later
        heard = list(repetitions.heard(record(message)))
        written_at_once += [one.getMessage() for one in heard[-1:]] == [message]
        counted += sum(getattr(one, "again", 0) for one in heard)
    counted += sum(getattr(one, "again", 0) for one in repetitions.rest())

    assert written_at_once + counted == len(said)
