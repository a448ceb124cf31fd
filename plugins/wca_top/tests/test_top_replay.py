"""A recording in `wca top`: its pace, what is shown of it, and what the command says about options that do not fit."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_record.replaying.cast import Cast
from wca_record.replaying.source import Source as Recorded
from wca_record.step import RecordedStep
from wca_top.app import TopApp
from wca_top.pace import FASTEST, SLOWEST, Pace
from wca_top.replay_source import ReplaySource

from plugins.wca_record.tests.replay.given import BATCH, WEB, Hungry, quota, recorded, written
from plugins.wca_top.tests.given import GivenSteps
from tests.command import wca
from tests.terminals import has, terminal
from wca_core.overview import Overview
from wca_core.testing import whole_binding

CALM, STORM = {WEB.task_id: 0.5, BATCH.task_id: 0.5}, {WEB.task_id: 0.5, BATCH.task_id: 2.0}
HUNGRY = "plugins.wca_record.tests.replay.given:Hungry"
WCA = [sys.executable, "-c", "from wca_core.cli import main; main()"]
CHECKOUT = str(Path(__file__).parents[3])


class Watching:
    """A view that keeps what it is given."""

    def __init__(self) -> None:
        self.overviews: list[Overview] = []
        self.told: list[str] = []

    def show(self, overview: Overview) -> None:
        self.overviews.append(overview)

    def tell(self, trouble: str) -> None:
        self.told.append(trouble)


class Clock:
    """Told the time."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def watched(steps: Iterable[RecordedStep], *plugins: object, shortest: float = 0.0) -> Watching:
    cast = Cast([whole_binding(one) for one in plugins])
    view = Watching()
    ReplaySource(Recorded(steps), cast, Pace(math.inf), shortest=shortest).run(view, threading.Event())
    return view


def test_each_recorded_step_is_shown_as_if_it_were_measured_now() -> None:
    view = watched(recorded([CALM, CALM, STORM], memory=5000.0))

    assert [overview.time for overview in view.overviews] == [1_700_000_000.0, 1_700_000_001.0, 1_700_000_002.0]
    assert [[row.cpus for row in overview.tasks] for overview in view.overviews] == [
        [None, None],
        [0.5, 0.5],
        [0.5, 2.0],
    ]
    assert view.overviews[0].tasks[0].memory_bytes == 5000.0


def test_at_its_end_that_is_said() -> None:
    assert watched(recorded([CALM])).told == ["the recording ends here"]


def test_what_detectors_find_are_events() -> None:
    view = watched(recorded([CALM, STORM, CALM]), Hungry())

    assert [event.text for event in view.overviews[-1].events] == ["web suffers, cpus: /batch"]


def test_changes_of_what_was_in_force_are_events() -> None:
    before, after = recorded([CALM], in_force=[quota(1.0)]), recorded([CALM, CALM], in_force=[quota(0.5)])

    view = watched([*before, after[1]])

    assert [event.text for event in view.overviews[-1].events] == ["batch: cpu_quota 1 → 0.5"]


def test_steps_that_nobody_could_see_are_passed_over_except_the_last() -> None:
    view = watched(recorded([CALM] * 50), shortest=3600.0)

    assert [overview.time - 1_700_000_000.0 for overview in view.overviews] == [0.0, 49.0]


@pytest.mark.parametrize(("speed", "at"), [(1.0, 10.0), (4.0, 40.0), (0.5, 5.0)])
def test_recorded_time_passes_at_a_speed(speed: float, at: float) -> None:
    clock = Clock()
    pace = Pace(speed, clock)

    clock.time += 10.0

    assert pace.is_due(at)
    assert not pace.is_due(at + 0.1)


def test_a_change_of_speed_counts_from_now_on() -> None:
    clock = Clock()
    pace = Pace(1.0, clock)

    clock.time += 10.0
    pace.change_speed(2.0)
    clock.time += 10.0

    assert (pace.is_due(30.0), pace.is_due(30.1), str(pace)) == (True, False, "2x")


def test_while_it_is_held_no_time_passes() -> None:
    clock = Clock()
    pace = Pace(1.0, clock)

    clock.time += 10.0
    pace.hold(True)
    clock.time += 1000.0

    assert (pace.is_due(10.0), pace.is_due(10.1)) == (True, False)
    pace.hold(False)
    clock.time += 1.0
    assert (pace.is_due(11.0), pace.is_due(11.1)) == (True, False)


def test_a_leap_goes_forward_at_once() -> None:
    pace = Pace(1.0, Clock())

    pace.leap(60.0)

    assert (pace.is_due(60.0), pace.is_due(60.1)) == (True, False)


@given(st.lists(st.sampled_from([0.5, 2.0]), max_size=40))
def test_the_speed_stays_within_bounds_whatever_is_pressed(factors: Sequence[float]) -> None:
    clock = Clock()
    pace = Pace(1.0, clock)

    for factor in factors:
        pace.change_speed(factor)
    clock.time += 1.0

    assert pace.is_due(SLOWEST)
    assert not pace.is_due(FASTEST + 1.0)


def test_whoever_waits_is_woken_by_the_end() -> None:
    pace, stop = Pace(1.0), threading.Event()
    waiting = threading.Thread(target=pace.wait_for, args=(3600.0, stop), daemon=True)

    waiting.start()
    stop.set()
    waiting.join(30)

    assert not waiting.is_alive()


def test_whoever_waits_is_woken_by_a_leap() -> None:
    pace, stop = Pace(1.0), threading.Event()
    waiting = threading.Thread(target=pace.wait_for, args=(59.0, stop), daemon=True)

    waiting.start()
    pace.leap(60.0)
    waiting.join(30)

    assert not waiting.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(written(tmp_path / "some.arrows", recorded([CALM, STORM, *[CALM] * 8])))


def test_in_a_pipe_each_recorded_step_is_a_line(file: str) -> None:
    ran = wca("top", "--replay", file, "--speed", "max")

    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 10)
    assert ran.stdout.splitlines()[1].endswith("most CPU batch 2.00, web 0.50")
    assert "wca top: the recording ends here" in ran.stderr


def test_so_many_steps_are_printed_and_no_more(file: str) -> None:
    ran = wca("top", "--replay", file, "--count", "3", "--speed", "20")

    assert (ran.returncode, len(ran.stdout.splitlines()), ran.stderr) == (0, 3, "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--replay", "x", "--connect", "127.0.0.1:1"], "--replay and --connect: one of both"),
        (["--replay", "x", "-c", "/wca.yaml"], "only --plugins, --set, -r, --speed and --count go with it"),
        (["--replay", "x", "--host-root", "/proc"], "only --plugins, --set, -r, --speed and --count go with it"),
        (["--replay", "x", "--interval", "2"], "only --plugins, --set, -r, --speed and --count go with it"),
        (["--replay", "x", "--set", "a.b=1"], "--set: --plugins says whose field it is"),
        (["--replay", "x", "--speed", "fast"], "--speed fast: max or a number above 0 expected"),
        (["--replay", "/missing"], "/missing: a recording"),
        (["--replay", "x", "--plugins", "cgroup"], "collectors measure nothing in a replay"),
        (["--root", "--speed", "2"], "--speed is for --replay, which is missing"),
    ],
)
def test_what_cannot_be_replayed_ends_with_1_and_why(arguments: list[str], complaint: str) -> None:
    ran = wca("top", *arguments)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_the_package_that_reads_recordings_it_is_told_what_to_install(file: str) -> None:
    without = "import sys; sys.modules['wca_record'] = None; from wca_core.cli import main; main()"

    command = [sys.executable, "-c", without, "top", "--replay", file]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 1
    assert "--replay needs the package wca-record: pip install wca-record" in ran.stderr


def test_keys_of_a_replay_do_nothing_elsewhere() -> None:
    of_replay = ReplaySource(Recorded([]), Cast(), Pace())
    apps = TopApp(GivenSteps()), TopApp(of_replay)

    assert [app.check_action("leap", ()) for app in apps] == [False, True]


def test_on_a_terminal_a_recording_obeys_keys_and_stays_at_its_end(file: str) -> None:
    command = ["env", f"PYTHONPATH={CHECKOUT}", *WCA, "top", "--replay", file, "--speed", "0.25", "-r", HUNGRY]
    with terminal(*command) as screen:
        screen.wait_for(has("2 tasks", "replay 0.25x", "web"))
        screen.press(b"+")
        screen.wait_for(has("replay 0.5x"))
        screen.press(b" ")
        screen.wait_for(has("PAUSED"))
        screen.press(b" ")
        screen.press(b"f")
        screen.wait_for(has("the recording ends here", "web suffers, cpus: /batch"))
        time.sleep(0.1)
        screen.press(b"q")

        assert screen.end() == 0
