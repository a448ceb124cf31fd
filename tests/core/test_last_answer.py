"""A last answer stands in for those that fail, as long as it is young enough."""

import logging

import pytest

from wca_core.errors import HostError, NetworkError, TaskSynchronizationException, WcaError
from wca_core.net.last_answer import LastAnswer
from wca_core.testing import TestClock


def fails(error: WcaError | None = None) -> list[str]:
    raise error or NetworkError("http://agent: nobody there")


def answers() -> list[str]:
    return ["a"]


def test_an_answer_is_given_on() -> None:
    last = LastAnswer[list[str]]("agent", 0, TestClock())

    assert last.to(answers) == ["a"]
    assert not last.is_stale


def test_without_patience_every_failure_is_one() -> None:
    last = LastAnswer[list[str]]("agent", 0, TestClock())
    last.to(answers)

    with pytest.raises(TaskSynchronizationException, match=r"^http://agent: nobody there$"):
        last.to(fails)
    assert not last.is_stale


def test_before_the_first_answer_every_failure_is_one() -> None:
    last = LastAnswer[list[str]]("agent", 60, TestClock())

    with pytest.raises(TaskSynchronizationException, match="no cgroups"):
        last.to(lambda: fails(HostError("no cgroups")))


def test_the_last_answer_stands_in_until_it_is_too_old(caplog: pytest.LogCaptureFixture) -> None:
    clock = TestClock()
    last = LastAnswer[list[str]]("agent", 10, clock)
    first = last.to(answers)

    with caplog.at_level(logging.WARNING, "wca.net"):
        for _ in range(2):
            clock.advance(5)
            assert last.to(fails) is first
            assert last.is_stale
        clock.advance(0.1)
        with pytest.raises(TaskSynchronizationException):
            last.to(fails)
    assert not last.is_stale
    assert len(caplog.messages) == 1

    assert last.to(answers) == ["a"]
    assert not last.is_stale


def test_what_is_no_error_of_ours_is_not_hidden() -> None:
    last = LastAnswer[list[str]]("agent", 60, TestClock())
    last.to(answers)

    with pytest.raises(ZeroDivisionError):
        last.to(lambda: [str(1 // 0)])
