"""Recordings of what an agent measured: written by the plugin `record` and `wca record`, read step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wca_record.reader import Recording as Recording
    from wca_record.reader import RecordingError as RecordingError
    from wca_record.reader import open_recording as open_recording
    from wca_record.replaying.library import Options as Options
    from wca_record.replaying.library import replay as replay
    from wca_record.replaying.result import Failure as Failure
    from wca_record.replaying.result import Finding as Finding
    from wca_record.replaying.result import ReplayedStep as ReplayedStep
    from wca_record.replaying.result import Result as Result
    from wca_record.replaying.result import Wish as Wish
    from wca_record.step import About as About
    from wca_record.step import RecordedStep as RecordedStep

__all__ = [
    "About",
    "Failure",
    "Finding",
    "Options",
    "RecordedStep",
    "Recording",
    "RecordingError",
    "ReplayedStep",
    "Result",
    "Wish",
    "open_recording",
    "replay",
]


def __getattr__(name: str) -> object:
    """Imported when first asked for: the library behind it takes 60 MB."""
    if name in ("Recording", "RecordingError", "open_recording"):
        from wca_record import reader

        return getattr(reader, name)
    if name in ("About", "RecordedStep"):
        from wca_record import step

        return getattr(step, name)
    if name in ("Options", "replay"):
        from wca_record.replaying import library

        return getattr(library, name)
    if name in ("Failure", "Finding", "ReplayedStep", "Result", "Wish"):
        from wca_record.replaying import result

        return getattr(result, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
