"""The plugin `record`: every step as the last detector sees it, into a file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from wca_core import __version__
from wca_core.builtin.writable_file import writable_file
from wca_core.config.field_types import Between, Path
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, counter
from wca_core.model.requirement import Requirement
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_record.step import About, RecordedStep

if TYPE_CHECKING:
    from wca_record.filing import Counts
    from wca_record.scribe import Scribe
    from wca_record.writer import Writer

STEPS = Metric("wca_record_steps", "Steps that were recorded since the agent started.", counter)
DROPPED = Metric("wca_record_dropped_steps", "Steps that could not be recorded and are missing in the file.", counter)
BYTES = Metric("wca_record_written_bytes", "Size of the recordings written since the agent started.", counter, "bytes")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Recorder:
    """Records every step, also one in which no discoverer answers."""

    tells_its_lacks = True
    file: Path
    """Is made, readable by the agent's user only; `overwrite`: even if it is there already."""
    overwrite: bool = False
    chunk_seconds: Annotated[float, Between(0, 60)] = 20.0
    """Are held in memory: more of them make a smaller file, and lose more when the agent is killed."""
    compression_level: Annotated[int, Between(1, 19)] = 3
    """Of zstd."""
    max_bytes: Annotated[int, Between(100_000)] | None = None
    """The recording ends before it is larger than this. null: never."""
    anonymous: bool = False
    """Names, ids, paths and values of labels are replaced by words that mean nothing elsewhere."""

    interval: float | None = field(default=None, init=False, repr=False)
    """Told in the file, if whoever plugs it in knows it."""
    plugins: tuple[str, ...] = field(default=(), init=False, repr=False)
    _number: int = field(default=-1, init=False, repr=False)
    _undetected: RecordedStep | None = field(default=None, init=False, repr=False)
    _host: Host | None = field(default=None, init=False, repr=False)
    _scribe: Scribe | None = field(default=None, init=False, repr=False)

    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [writable_file(self.file, replaced=False)]

    @hookimpl
    def start(self, host: Host) -> None:
        from wca_record.filing import Filing, Ways  # with the library, 60 MB: only where something is recorded
        from wca_record.scribe import Scribe
        from wca_record.stream import give_memory_back

        give_memory_back()
        self._host = host
        ways = Ways(
            path=os.path.abspath(self.file),
            overwrite=self.overwrite,
            chunk_seconds=self.chunk_seconds,
            max_bytes=self.max_bytes,
        )
        self._scribe = Scribe(Filing(ways, self._new_writer))

    @hookimpl
    def stop(self) -> None:
        self._take_undetected()
        if self._scribe is not None:
            self._scribe.close()

    @hookimpl
    def reload(self) -> None:
        if self._scribe is not None:
            self._scribe.look()

    @hookimpl(trylast=True)
    def detect(self, snapshot: Snapshot) -> None:
        """Takes references only: nothing of a step is changed afterwards."""
        if self._scribe is None or self._host is None:
            return
        if self._undetected is None:
            self._number = max(self._number + 1, self._host.statistics.iterations)
        self._undetected = None
        self._scribe.take(self._recorded(snapshot, self._host))

    @hookimpl(trylast=True)
    def derive_metrics(self, snapshot: Snapshot) -> None:
        """Called in each step, before `detect`; if that did not come in the step before, no discoverer had answered.

        What was derived then is known by now.
        """
        if self._undetected is not None and snapshot.previous is not None:
            self._undetected = replace(self._undetected, samples=snapshot.previous.samples)
        self._take_undetected()
        if self._host is not None:
            self._number = max(self._number + 1, self._host.statistics.iterations)
            self._undetected = replace(self._recorded(snapshot, self._host), is_discovered=False)

    def _recorded(self, snapshot: Snapshot, host: Host) -> RecordedStep:
        return RecordedStep(
            number=self._number,
            now=snapshot.now,
            steady=snapshot.steady,
            tasks=snapshot.tasks,
            samples=snapshot.samples,
            platform=snapshot.platform,
            allocations=tuple(snapshot.allocations),
            also_known=_beyond(host.known_tasks, snapshot.tasks),
        )

    def _take_undetected(self) -> None:
        if self._undetected is not None and self._scribe is not None:
            self._scribe.take(self._undetected)
        self._undetected = None

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [STEPS, DROPPED, BYTES]

    @hookimpl
    def collect_metrics(self) -> Iterable[Sample]:
        counts = self.counts
        if counts is not None:
            yield STEPS.sample(counts.steps)
            yield DROPPED.sample(counts.dropped)
            yield BYTES.sample(counts.bytes)

    @property
    def counts(self) -> Counts | None:
        """What became of the steps; None before the start."""
        return self._scribe.counts if self._scribe is not None else None

    def _new_writer(self) -> Writer:
        """When the first step is there: by then all plugins have added their labels."""
        from wca_record.anonymity import Anonymity
        from wca_record.schema import FORMAT
        from wca_record.writer import Writer

        host = self._host
        assert host is not None
        about = About(
            format=FORMAT,
            host=host.name,
            wca_version=__version__,
            started=host.clock.now(),
            interval=self.interval,
            plugins=self.plugins,
            labels=host.labels,
        )
        return Writer(about, self.compression_level, Anonymity() if self.anonymous else None)


def _beyond(known: Collection[str], tasks: Sequence[Task]) -> tuple[str, ...]:
    """The ids known that are not of these tasks, all of which are known."""
    if len(known) <= len(tasks):
        return ()
    there = {task.task_id for task in tasks}
    return tuple([task_id for task_id in known if task_id not in there])
