"""A recording that somebody sent becomes a regression test; this one was written by `given.written`, format 1."""

from __future__ import annotations

from pathlib import Path

import wca_record

from plugins.wca_record.tests.replay.given import Hungry, Wishing, quota, starvation
from wca_core.host import Host
from wca_core.plugin_api import hookimpl, plugin

REPORTED = Path(__file__).with_name("starvation.arrows")


def test_the_reported_starvation_is_found() -> None:
    result = wca_record.replay(REPORTED, [Hungry()])

    assert [step.seconds for step in result.steps if step.findings] == [3.0, 4.0, 7.0]
    assert {anomaly.contended_task_id for anomaly in result.anomalies} == {"/web"}


def test_with_a_higher_threshold_it_is_not() -> None:
    assert wca_record.replay(REPORTED, [Hungry(most=5.0)]).anomalies == []


def test_an_allocator_is_replayed_to_as_well() -> None:
    (wish,) = wca_record.replay(REPORTED, [Wishing(wishes=[quota(0.2)])]).wishes

    assert (wish.task_id, wish.value, wish.in_force, wish.state) == ("/batch", 0.2, 1.0, "wished")


def test_a_file_gives_what_the_steps_gave_that_it_was_written_of() -> None:
    from_file, from_steps = (wca_record.replay(source, [Hungry()]) for source in (REPORTED, starvation()))

    assert from_file.trouble is None
    assert from_file.anomalies == from_steps.anomalies
    assert [step.now for step in from_file.steps] == [step.now for step in from_steps.steps]


@plugin(api=1)
class Labelled:
    """Notes what the host is called."""

    @hookimpl
    def start(self, host: Host) -> None:
        self.labels = host.labels

    @hookimpl
    def detect(self) -> None: ...


def test_the_host_is_called_as_the_recorded_one() -> None:
    labelled = Labelled()

    wca_record.replay(REPORTED, [labelled])

    assert labelled.labels == {"host": "node-7", "rack": "r1"}
