"""A replay within a test: a bug report becomes a regression test.

>>> result = replay("bug.parquet", [MyDetector(threshold=3.0)])
>>> assert [anomaly.contended_task_id for anomaly in result.anomalies] == ["web"]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from wca_core.errors import ContractError
from wca_core.plan import Plugged
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings
from wca_record.replaying.cast import Cast
from wca_record.replaying.feeding import BEGINNING, END, Moment, Span, replayed
from wca_record.replaying.loop import Replay
from wca_record.replaying.result import ReplayedStep, Result
from wca_record.replaying.source import source_of

if TYPE_CHECKING:
    from wca_core.enforcement.guard_rails import GuardRails
    from wca_core.model.task_class import TaskClassRule
    from wca_record.step import RecordedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a recording is replayed to plugins."""

    since: float | str | None = None
    """Seconds since the first step, or a time like `2026-11-21T20:07:43Z`. None: from the first step."""
    until: float | str | None = None
    """Before this. None: to the last step."""
    guard_rails: GuardRails | None = None
    task_classes: Sequence[TaskClassRule] = ()
    feeds_back: bool = False
    """What is granted counts as in force from the next step on."""
    forgives: bool = False
    """A plugin that fails costs what it would have given, as in an agent. Else the replay ends with its error."""

    @property
    def span(self) -> Span:
        """Raises `ConfigurationError`."""
        return Span(_moment(self.since, BEGINNING), _moment(self.until, END))


def replay(
    recording: str | PathLike[str] | Iterable[RecordedStep], plugins: Sequence[object], options: Options | None = None
) -> Result:
    """Feed what was recorded to detectors, allocators, and plugins that derive metrics.

    `recording`: a file, or steps. `plugins`: new objects each time, as they remember what they saw.

    Raises `ConfigurationError` for what is no recording, `PluginError` for what is no plugin, `StartError` if one
    refuses to start, and `ContractError` from the error of a plugin that fails.
    """
    options = options or Options()
    plugged = Plugged(Registry())
    for one in plugins:
        plugged.add_whole(one)
    settings = AllocationSettings(guard_rails=options.guard_rails)
    cast = Cast(plugged.bindings, settings, options.task_classes, options.feeds_back)
    source = source_of(recording)
    fed = replayed(Replay(cast, source.new_host()), source.steps, options.span)
    with closing(fed):
        steps = tuple(fed if options.forgives else _unforgiving(fed))
    return Result(steps, source.trouble)


def _unforgiving(steps: Iterable[ReplayedStep]) -> Iterator[ReplayedStep]:
    for step in steps:
        for failure in step.failures:
            raise ContractError(f"step {step.number}, {step.seconds:.3f} s: {failure.message}") from failure.error
        yield step


def _moment(given: float | str | None, otherwise: Moment) -> Moment:
    return otherwise if given is None else Moment.of(str(given))
