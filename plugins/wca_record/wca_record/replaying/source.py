"""Where recorded steps come from: a file, or steps that somebody has at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

from wca_record.replaying.host import RecordedHost

if TYPE_CHECKING:
    from wca_record.reader import Recording
    from wca_record.step import RecordedStep

UNNAMED = "recorded"
"""The host of steps that are of no file."""


@dataclass(frozen=True, slots=True)
class Source:
    """Steps to be gone through once, and what is known about them."""

    steps: Iterable[RecordedStep]
    recording: Recording | None = None

    @property
    def host(self) -> str:
        """The name of the machine."""
        return self.recording.about.host if self.recording is not None else UNNAMED

    def new_host(self) -> RecordedHost:
        """The machine that was recorded, for the plugins of one replay."""
        labels = self.recording.about.labels if self.recording is not None else {}
        return RecordedHost(name=self.host, extra_labels=labels)

    @property
    def trouble(self) -> str | None:
        """Once all steps are gone through: why the file ends early, if it does."""
        return (self.recording.trouble or None) if self.recording is not None else None


def source_of(recording: str | PathLike[str] | Iterable[RecordedStep]) -> Source:
    """Raises `ConfigurationError` for a file that is no recording."""
    if not isinstance(recording, str | PathLike):
        return Source(recording)
    from wca_record.reader import open_recording  # pyarrow, which steps at hand do not need

    opened = open_recording(fspath(recording))
    return Source(opened.steps(), opened)
