"""A recording, shown as if it were measured now; plugins may look for anomalies in it again."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

from wca_core.allocation_metrics import IN_FORCE, AllocationSamples
from wca_core.anomalies import AnomalyLog
from wca_core.errors import ConfigurationError
from wca_core.model.metric import Samples
from wca_core.overview import OverviewMaker
from wca_top.pace import Pace
from wca_top.source import View

if TYPE_CHECKING:
    from wca_record.replaying.cast import Cast
    from wca_record.replaying.result import ReplayedStep
    from wca_record.replaying.source import Source as Recorded
    from wca_record.step import RecordedStep

    from wca_top.asked import Named

MINUTE = 60.0
SHORTEST = 0.05
"""Seconds from one step that is shown to the next: nobody reads faster. In lines every one is shown."""
ENDS = "the recording ends here"


class ReplaySource:
    """Goes through a recording once; `cast`: who looks for anomalies in it.

    Of its steps those are shown that are at least `shortest` seconds apart for whoever looks, and the last one.
    """

    def __init__(self, recorded: Recorded, cast: Cast, pace: Pace, *, shortest: float = SHORTEST) -> None:
        self._recorded = recorded
        self._cast = cast
        self._pace = pace
        self._shortest = shortest
        self._shown = -1.0
        self._maker = OverviewMaker(recorded.host)
        self._anomalies = AnomalyLog()
        self._allocations = AllocationSamples(IN_FORCE)

    @property
    def title(self) -> str:
        return f"{self._recorded.host} · replay, {self._pace}"

    @property
    def note(self) -> str:
        """How fast it goes."""
        return f"replay {self._pace}"

    def hold(self, is_held: bool) -> None:
        self._pace.hold(is_held)

    def change_speed(self, factor: float) -> None:
        self._pace.change_speed(factor)

    def leap(self) -> None:
        """A minute forward."""
        self._pace.leap(MINUTE)

    def run(self, view: View, stop: Event) -> None:
        """Ends with the recording. Raises `StartError` and `PluginError` because of a plugin."""
        is_shown = True
        with closing(self._steps(stop)) as steps:
            for _ in steps:
                is_shown = self._show(view)
        if stop.is_set():
            return
        if not is_shown:
            self._show(view, is_last=True)
        view.tell(": ".join(part for part in (ENDS, self._recorded.trouble) if part))

    def _steps(self, stop: Event) -> Generator[None]:
        """Each when its time has come, and then in the maker of overviews."""
        from wca_record.replaying.loop import Replay

        replay = Replay(self._cast, self._recorded.new_host())
        is_started = False
        try:
            for recorded in self._recorded.steps:
                self._pace.wait_for(replay.seconds_of(recorded), stop)
                if stop.is_set():
                    return
                if not is_started:
                    replay.start(recorded)
                    is_started = True
                self._add(recorded, replay.step(recorded))
                yield
        finally:
            replay.stop()

    def _add(self, recorded: RecordedStep, step: ReplayedStep) -> None:
        now = recorded.now
        tasks = {task.task_id: task for task in recorded.tasks}
        self._maker.add(self._anomalies.samples(step.anomalies, recorded.tasks, now), "anomalies", now)
        self._maker.add(self._allocations.of(recorded.allocations, tasks), "allocations", now)
        samples = Samples(recorded.samples.series, recorded.samples.values)  # that of others is left as it is
        samples.steady = recorded.steady
        self._maker.add(samples, "metrics", now)

    def _show(self, view: View, *, is_last: bool = False) -> bool:
        """Whether the step was shown."""
        moment = time.monotonic()
        if moment - self._shown < self._shortest and not is_last:
            return False
        overview = self._maker.overview()
        if overview is not None:
            self._shown = moment
            view.show(overview)
        return True


def opened(file: str, named: Named, speed: str | None, *, is_plain: bool) -> ReplaySource:
    """The source of `--replay`. Raises `WcaError`, also if the package that reads recordings is not installed."""
    try:
        from wca_record.replaying.asked import cast_of
        from wca_record.replaying.cast import Cast
        from wca_record.replaying.pacing import speed_of
        from wca_record.replaying.source import source_of
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"--replay needs the package wca-record: pip install wca-record ({error})") from error
    from wca_core.configuration import Request

    names = tuple(name.strip() for name in (named.plugins or "").split(",") if name.strip())
    request = Request(plugins=names, overrides=tuple(named.overrides or ()))
    pace = Pace(speed_of(speed or "1"))
    cast = cast_of(request) if names or named.register else Cast()
    return ReplaySource(source_of(file), cast, pace, shortest=0.0 if is_plain else SHORTEST)
