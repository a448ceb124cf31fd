"""Reads a recording step by step; nothing more of it is held in memory than one chunk and what a step holds."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import fields
from typing import BinaryIO

import pyarrow as pa

from wca_core.errors import WcaError
from wca_record import schema
from wca_record.frames import Frames
from wca_record.state import State
from wca_record.step import About, RecordedStep

EXPECTED = "a recording of wca-record expected"
END = b"\xff\xff\xff\xff\0\0\0\0"
"""The last bytes of an Arrow IPC stream that was ended."""


class RecordingError(WcaError):
    """A file is no recording that can be read: the message says where and what to do."""


class Recording:
    """A recording that can be read, from its beginning, as often as you like."""

    def __init__(self, path: str, about: About) -> None:
        self.path = path
        self.about = about
        self.trouble: str | None = None
        """Why the last reading ended before the recording did; None: it was whole, or nobody has read it yet."""

    def steps(self) -> Iterator[RecordedStep]:
        """All steps in their order; where the file breaks off, those of all whole chunks, and `trouble` says so.

        Raises `RecordingError` if the file cannot be opened any more.
        """
        self.trouble = None
        with _opened(self.path) as source:
            steps = _steps(source)
            while True:
                try:
                    step = next(steps, None)
                except Exception as error:  # noqa: BLE001  a damaged file may make anything of the library and of us
                    self.trouble = f"{self.path} breaks off or is damaged: {_shortened(error)}"
                    return
                if step is None:
                    break
                yield step
        if not _is_ended(self.path):
            self.trouble = f"{self.path} was not ended: its last seconds are missing, or it is still being written"


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """Raises `RecordingError` for a file that is no recording, or a newer one."""
    place = os.fspath(path)
    with _opened(place) as source:
        try:
            about = _about(_stream(source).schema)
        except RecordingError as error:
            raise RecordingError(f"{place}: {error}") from error
        except Exception as error:  # a foreign or damaged file may make anything of the library
            raise RecordingError(f"{place}: {EXPECTED}, found other data ({_shortened(error)})") from error
    return Recording(place, about)


def _steps(source: BinaryIO) -> Iterator[RecordedStep]:
    state = State()
    for batch in _stream(source):
        batch.validate(full=True)  # it comes from somebody else, and damaged places would crash the library
        yield from state.steps(batch)


def _stream(source: BinaryIO) -> pa.RecordBatchReader:
    return pa.ipc.open_stream(pa.PythonFile(Frames(source), mode="r"))


def _opened(path: str) -> BinaryIO:
    if os.path.isdir(path):
        raise RecordingError(f"{path}: {EXPECTED}, found a directory")
    try:
        return open(path, "rb")
    except OSError as error:
        raise RecordingError(f"{path}: {EXPECTED}: {os.strerror(error.errno or 0)}") from error


def _about(found: pa.Schema) -> About:
    text = (found.metadata or {}).get(schema.METADATA_KEY)
    if text is None:
        raise RecordingError(f"{EXPECTED}, found another Arrow stream")
    told = json.loads(text)
    version = told["format"] + 0
    if version > schema.FORMAT:
        raise RecordingError(
            f"has format {version}, this wca-record reads {schema.OLDEST_FORMAT} to {schema.FORMAT}: "
            "install a newer wca-record"
        )
    if version < schema.OLDEST_FORMAT or [found.field(one.name).type for one in schema.COLUMNS] != schema.COLUMNS.types:
        raise RecordingError(f"its format {version} with columns {', '.join(found.names)} is not known")
    known = {one.name: told[one.name] for one in fields(About) if one.name in told}
    about = About(**{**known, "plugins": tuple(known.get("plugins", ()))})
    texts = (about.host, about.wca_version, *about.plugins, *about.labels, *about.labels.values())
    numbers = (about.started, about.interval or 0)
    if not all(type(one) is str for one in texts) or not all(math.isfinite(one) for one in numbers):
        raise RecordingError(f"{EXPECTED}, found one that tells {text[:200]!r} of itself")
    return about


def _shortened(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]


def _is_ended(path: str) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(END)))
        return file.read() == END
