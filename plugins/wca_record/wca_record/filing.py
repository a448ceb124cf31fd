"""Steps become chunks, chunks are written into the file; what cannot be written costs steps, never the agent.

| trouble | what becomes of it |
|---|---|
| the disk is full, or gives errors | the chunk is kept and tried again; steps meanwhile are left out, counted |
| the file was removed | a new one takes its place, complete in itself |
| it would grow beyond `max_bytes` | it is ended |
| a step cannot be told | the recording is ended |

Each is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from wca_core.errors import StartError
from wca_record.output import Output
from wca_record.step import RecordedStep
from wca_record.writer import Writer

log = logging.getLogger("wca.record")

END_BYTES = 8
"""Of the mark at the end of a file."""


@dataclass(slots=True)
class Counts:
    """What became of the steps."""

    steps: int = 0
    """In the file."""
    dropped: int = 0
    bytes: int = 0
    """Written, of all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where and how to write."""

    path: str
    overwrite: bool = False
    chunk_seconds: float = 20.0
    max_bytes: int | None = None


class Filing:
    """One file after the other, mostly one. Raises `StartError` if the first cannot be made."""

    def __init__(self, ways: Ways, new_writer: Callable[[], Writer]) -> None:
        """`new_writer`: called when a file begins, with the first step."""
        self._ways = ways
        self._new_writer = new_writer
        self._output: Output | None = Output(ways.path, overwrite=ways.overwrite)
        self._writer: Writer | None = None
        self._pending = b""
        """A chunk that could not be written yet."""
        self._pending_steps = 0
        self._told: set[str] = set()
        self.counts = Counts()
        self.due: float | None = None
        """When the chunk in the making is to be written [steady seconds]; None: there is none."""

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will be recorded."""
        return self._output is None

    def add(self, step: RecordedStep) -> None:
        """Never raises."""
        if self._pending:
            self.flush()
        if self.is_ended or self._pending:
            self.counts.dropped += 1
            return
        try:
            if self._writer is None:
                self._writer = self._new_writer()
            self._writer.add(step)
        except Exception as error:  # noqa: BLE001  whatever a task or value of a plugin may hold
            self.counts.dropped += 1
            self._pending_steps = self._writer.steps if self._writer is not None else 0  # its chunk is spoiled
            self._give_up(f"step {step.number} cannot be told: {type(error).__name__}: {error}")
            return
        now = monotonic()
        self.due = self.due or now + self._ways.chunk_seconds
        if now >= self.due or self._writer.is_full:
            self.flush()

    def flush(self) -> None:
        """Write what is there. Never raises."""
        if self._output is None:
            return
        self.due = None
        if not self._pending and self._writer is not None and self._writer.steps:
            self._pending_steps = self._writer.steps
            try:
                self._pending = self._writer.taken()
            except Exception as error:  # noqa: BLE001  whatever the library does not take
                self._give_up(f"a chunk cannot be made: {type(error).__name__}: {error}")
                return
        if self._pending:
            self._write(self._output)

    def look(self) -> None:
        """Begin a new file if the old one was renamed or removed."""
        self.flush()
        if self._output is not None and not self._output.is_at_its_place:
            self._begin_anew(self._output)

    def end(self) -> None:
        """Write the rest, and the mark of the end."""
        self.flush()
        if self._pending:
            log.error("%s: the last chunk could not be written and is lost", self._ways.path)
        self._close()

    def _write(self, output: Output) -> None:
        limit = self._ways.max_bytes
        if limit is not None and output.size + len(self._pending) + END_BYTES > limit:
            self._give_up(f"the recording ends: with the next chunk it would be larger than {limit} bytes")
            return
        try:
            output.write(self._pending)
        except OSError as error:
            self._tell("disk", f"cannot be written: {error.strerror}; it is tried again, steps meanwhile are left out")
            return
        self.counts.bytes += len(self._pending)
        self.counts.steps += self._pending_steps
        self._pending, self._pending_steps = b"", 0
        self._told.discard("disk")
        if output.is_removed:
            self._tell("removed", "was removed: a new recording begins in its place")
            self._begin_anew(output)

    def _begin_anew(self, old: Output) -> None:
        self._close()
        try:
            self._output = Output(old.path, overwrite=False)
        except StartError as error:
            log.error("the recording ends: %s", error)

    def _close(self) -> None:
        """The file ends as it should, if that can still be written."""
        output, writer = self._output, self._writer
        self._output = self._writer = self.due = None
        self.counts.dropped += self._pending_steps
        self._pending, self._pending_steps = b"", 0
        if output is None:
            return
        try:
            if writer is not None and output.size:
                output.write(writer.end())
                self.counts.bytes += END_BYTES
        except OSError as error:
            log.error("%s: cannot be ended: %s", output.path, error.strerror)
        finally:
            output.close()

    def _give_up(self, reason: str) -> None:
        log.error("%s: %s", self._ways.path, reason)
        self._close()

    def _tell(self, what: str, message: str) -> None:
        if what not in self._told:
            self._told.add(what)
            log.error("%s: %s", self._ways.path, message)
