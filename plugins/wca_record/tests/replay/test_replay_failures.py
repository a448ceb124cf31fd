"""What a plugin costs that fails in a replay, and how that is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest
from wca_record.replaying.library import Options, replay

from plugins.wca_record.tests.replay.given import BATCH, WEB, Hungry, Wishing, recorded
from wca_core.errors import ContractError, StartError
from wca_core.model.anomaly import Anomaly
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

CALM, STORM = {WEB.task_id: 0.5, BATCH.task_id: 0.5}, {WEB.task_id: 0.5, BATCH.task_id: 2.0}


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Failing:
    """Raises in the second step it sees."""

    steps: int = 0
    is_stopped: bool = False
    calls: list[str] = field(default_factory=list)

    @hookimpl
    def detect(self) -> list[Anomaly]:
        self.steps += 1
        if self.steps == 2:
            raise ZeroDivisionError("by accident")
        return []

    @hookimpl
    def collect_metrics(self) -> None:
        self.calls.append("collect_metrics")

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        self.calls.append("discover_tasks")
        return []

    @hookimpl
    def stop(self) -> None:
        self.is_stopped = True


def test_a_plugin_that_fails_ends_a_test_with_its_own_error() -> None:
    failing = Failing()

    with pytest.raises(ContractError, match=r"step 2, 1\.000 s: .*ZeroDivisionError: by accident") as raised:
        replay(recorded([CALM, CALM, CALM]), [failing])

    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert failing.is_stopped


def test_a_plugin_that_is_forgiven_costs_only_what_it_would_have_given() -> None:
    result = replay(recorded([CALM, STORM, STORM]), [Failing(), Hungry()], Options(forgives=True))

    (failure,) = result.failures
    assert (failure.seconds, failure.plugin, failure.hook) == (1.0, "Failing", "detect")
    assert len(result.anomalies) == 2


def test_a_failure_is_told_with_its_step(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "wca")

    replay(recorded([CALM, CALM, CALM]), [Failing()], Options(forgives=True))

    assert [record.getMessage() for record in caplog.records] == [
        "step 2, 1.000 s: plugin Failing failed in detect: ZeroDivisionError: by accident"
    ]


def test_a_failure_counts_where_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "wca.dispatch")

    result = replay(recorded([CALM, CALM]), [Failing()], Options(forgives=True))

    assert [failure.plugin for failure in result.failures] == ["Failing"]


def test_nothing_is_measured_or_discovered() -> None:
    failing = Failing()

    replay(recorded([CALM]), [failing])

    assert failing.calls == []


@plugin(api=1)
class Refusing:
    """Does not start."""

    @hookimpl
    def start(self) -> None:
        raise StartError("no licence")

    @hookimpl
    def detect(self) -> None: ...


def test_a_plugin_that_refuses_to_start_ends_it_and_stops_those_before() -> None:
    failing = Failing()

    with pytest.raises(StartError, match="Refusing cannot start in a replay: no licence"):
        replay(recorded([CALM]), [failing, Refusing()])

    assert failing.is_stopped


def test_a_plugin_that_gives_what_it_must_not_has_failed() -> None:
    with pytest.raises(ContractError, match="gave a str"):
        replay(recorded([CALM]), [Wishing(wishes=["more"])])
