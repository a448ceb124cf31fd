"""What plugins are given in a replay, and what comes of what they give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from wca_record.replaying.cast import Cast
from wca_record.replaying.host import RecordedHost
from wca_record.replaying.library import Options, replay
from wca_record.replaying.loop import Replay

from plugins.wca_record.tests.replay.given import BATCH, BEGUN, LOAD, PLATFORM, USAGE, WEB, Hungry, Wishing, recorded
from wca_core.errors import ConfigurationError, HostError
from wca_core.host import Host
from wca_core.model.metric import Sample
from wca_core.model.snapshot import Snapshot
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import whole_binding

CALM, STORM = {WEB.task_id: 0.5, BATCH.task_id: 0.5}, {WEB.task_id: 0.5, BATCH.task_id: 2.0}


def test_a_detector_finds_in_a_recording_what_it_is_made_for() -> None:
    result = replay(recorded([CALM, CALM, STORM, CALM]), [Hungry()])

    (anomaly,) = result.anomalies
    assert (anomaly.contended_task_id, anomaly.contending_task_ids) == (WEB.task_id, (BATCH.task_id,))
    assert [len(step.findings) for step in result.steps] == [0, 0, 1, 0]
    assert result.steps[2].findings[0].plugin == "Hungry"
    assert result.values("acme_load", task_id=BATCH.task_id) == [None, 0.5, 2.0, 0.5]


def test_a_step_tells_when_it_was_recorded() -> None:
    result = replay(recorded([CALM, CALM, CALM]), [Hungry()])

    assert [(step.number, step.now - BEGUN, step.seconds) for step in result.steps] == [
        (1, 0.0, 0.0),
        (2, 1.0, 1.0),
        (3, 2.0, 2.0),
    ]


def test_an_allocator_sees_the_anomalies_and_what_was_recorded() -> None:
    allocator = Wishing()

    replay(recorded([CALM, STORM]), [Hungry(), allocator])

    assert [len(anomalies) for anomalies in allocator.told] == [0, 1]
    assert allocator.seen[1].platform is PLATFORM
    assert allocator.seen[1].value(USAGE, BATCH) == 2.5


@plugin(api=1)
class Curious:
    """Asks the host for all it knows, when it starts and in each step."""

    def __init__(self) -> None:
        self.known: list[object] = []
        self.host = Host()

    @hookimpl
    def start(self, host: Host) -> None:
        self.host = host
        self.known = [host.name, host.platform, host.clock.now(), host.transaction, host.hierarchies.tree("cpu")]

    @hookimpl
    def detect(self) -> None:
        self.known.append((host := self.host).clock.monotonic())
        assert set(host.known_tasks) == {WEB.task_id, BATCH.task_id}


def test_the_host_is_the_recorded_one() -> None:
    curious = Curious()

    replay(recorded([CALM, CALM]), [curious])

    assert curious.known == ["recorded", PLATFORM, BEGUN, None, None, 50.0, 51.0]


def test_nothing_can_be_read_or_written_by_way_of_the_host() -> None:
    host = RecordedHost(name="n")

    with pytest.raises(FileNotFoundError):
        Path(host.proc, "stat").read_text()
    with pytest.raises(OSError, match="No such file"):
        Path(host.path("/note")).write_text("x")
    with pytest.raises(HostError):
        _ = host.platform
    assert host.platform_if_known is None


@plugin(api=1)
class Doubling:
    """Derives a sample, and looks for that of the step before in `detect`."""

    def __init__(self) -> None:
        self.rates: list[float | None] = []

    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        yield LOAD.sample((snapshot.value(USAGE, WEB) or 0.0) * 2, WEB)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        self.rates.append(snapshot.rate(LOAD, WEB))


def test_derived_samples_are_seen_by_detectors_in_this_step_and_the_next() -> None:
    doubling = Doubling()

    result = replay(recorded([CALM, CALM, CALM]), [doubling])

    assert doubling.rates == [None, 1.0, 1.0]
    assert result.values("acme_load") == [1.0, 2.0, 3.0]


@plugin(api=1)
class Remembering:
    """Looks back."""

    looks_back: ClassVar[dict[str, float]] = {USAGE.name: 10.0}

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        self.seen.append([moment.value for moment in snapshot.history(USAGE, WEB)])


def test_history_is_kept_as_by_an_agent() -> None:
    remembering = Remembering()

    replay(recorded([CALM, CALM, CALM]), [remembering])

    assert remembering.seen == [[0.5], [0.5, 1.0], [0.5, 1.0, 1.5]]


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        (None, None, [1, 2, 3, 4]),
        (1, None, [2, 3, 4]),
        (None, 2.0, [1, 2]),
        ("2023-11-14T22:13:21", "2023-11-14T22:13:23Z", [2, 3]),
        ("2023-11-14T23:13:22+01:00", None, [3, 4]),
        (100, None, []),
    ],
)
def test_a_part_may_be_replayed(since: float | str | None, until: float | str | None, numbers: list[int]) -> None:
    result = replay(recorded([CALM] * 4), [Hungry()], Options(since=since, until=until))

    assert [step.number for step in result.steps] == numbers


def test_the_first_step_of_a_part_has_no_step_before() -> None:
    result = replay(recorded([CALM] * 3), [Hungry()], Options(since=1))

    assert result.values("acme_load", task_id=WEB.task_id) == [None, 0.5]


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "25:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="seconds since the first step expected, or a time like"):
        replay([], [Hungry()], Options(since=text))


def test_two_plugins_of_one_class_are_told_apart() -> None:
    result = replay(recorded([CALM, STORM]), [Hungry(), Hungry(most=1.5)])

    assert [finding.plugin for step in result.steps for finding in step.findings] == ["Hungry", "Hungry-2"]


def test_the_places_of_series_are_kept_while_the_list_of_series_is_the_same() -> None:
    steps = recorded([CALM, CALM])
    allocator = Wishing()
    played = Replay(Cast([whole_binding(allocator)]), RecordedHost(name="n"))

    for step in steps:
        played.step(step)

    first, second = allocator.seen
    assert first._places is second._places
