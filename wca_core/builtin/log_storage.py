"""Samples as Prometheus text on standard error, at the end of a file, or as the whole of a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from wca_core.config.field_types import FileMode, Path
from wca_core.errors import ConfigurationError, StartError
from wca_core.exposition import Page
from wca_core.gathering import joined
from wca_core.hookspecs import Stream
from wca_core.host import Clock, Host, SystemClock
from wca_core.model.metric import Samples
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import hookimpl, plugin

_overwritten: set[str | None] = set()
"""The files that storages of this process replace in every step."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class LogStorage:
    """Writes every step.

    | `output_filename` | `overwrite` | each step |
    |---|---|---|
    | none | false | goes to standard error, an empty line behind it |
    | none | true | `ConfigurationError` |
    | a file | false | is appended, an empty line behind it |
    | a file | true | replaces the file at once: a reader sees the old text or the new, never a part |

    The file may be renamed at any time, as logrotate does: every step opens it anew, so there is nothing to `reload`.
    """

    tells_its_lacks = True
    output_filename: Path | None = None
    overwrite: bool = False
    include_timestamp: bool | None = None
    """None: only if `overwrite` is false, since textfile collectors refuse timestamps."""
    filter_labels: list[str] | None = None
    """Names of the only labels to print; None: all."""
    mode: FileMode = 0o644
    """Permissions of a file that is made (`0o644`: YAML takes `0644` for the number 644)."""

    _pages: dict[str, Page] = field(default_factory=dict, init=False, repr=False)
    _target: str | None = field(default=None, init=False, repr=False)
    """The file to overwrite: what the name led to at the start."""
    _newest: dict[Stream, Samples] = field(default_factory=dict, init=False, repr=False)
    _labels: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _clock: Clock = field(default_factory=SystemClock, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.overwrite and self.output_filename is None:
            raise ConfigurationError("overwrite: true needs output_filename: the file to overwrite")
        if self.output_filename is not None:
            _check_directory(self.output_filename)

    @property
    def stores_locally(self) -> bool:
        """A file does not block; standard error may be a pipe that nobody reads."""
        return self.output_filename is not None

    @hookimpl
    def requirements(self) -> list[Requirement]:
        if self.output_filename is None:
            return []
        from wca_core.builtin.writable_file import writable_file  # nothing of it is looked at before a start

        return [writable_file(self.output_filename, replaced=self.overwrite)]

    @hookimpl
    def start(self, host: Host) -> None:
        self._labels = host.labels
        self._clock = host.clock
        if self.output_filename is None:
            return
        target = os.path.realpath(self.output_filename)
        if os.path.isdir(target):
            raise StartError(f"{self.output_filename} is a directory; a file expected")
        if self.overwrite:
            if target in _overwritten:
                raise StartError(
                    f"two storages overwrite {target}; give each a file, or use one for both (&anchor, *alias)"
                )
            self._target = target
            _overwritten.add(target)
            remove_stale(target)
        else:
            self._append(b"")

    @hookimpl
    def stop(self) -> None:
        _overwritten.discard(self._target)
        self._target = None

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        if self.overwrite:
            samples, stream = self._all_streams(samples, stream), "metrics"
        page = self._pages.get(stream)
        if page is None:
            page = self._pages[stream] = self._page()
        parts = page.parts(samples, self._clock.now())
        if self.output_filename is None:
            sys.stderr.buffer.writelines([*parts, b"\n"])
            sys.stderr.buffer.flush()
        elif self.overwrite:
            replace(self._target or os.path.realpath(self.output_filename), parts, self.mode)
        else:
            self._append(b"".join([*parts, b"\n"]))  # in one piece: others may append too

    def _all_streams(self, samples: Samples, stream: Stream) -> Samples:
        """The newest of every stream: a file that is replaced must hold them all."""
        self._newest[stream] = samples
        if len(self._newest) == 1:
            return samples
        return joined(list(self._newest.values()))

    def _page(self) -> Page:
        timestamps = not self.overwrite if self.include_timestamp is None else self.include_timestamp
        return Page(self._labels, timestamps=timestamps, only_labels=self.filter_labels)

    def _append(self, text: bytes) -> None:
        """Opens anew each time, so that a rotated file is never written to."""
        assert self.output_filename is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.output_filename, flags, self.mode)
        try:
            write_all(descriptor, text)
        finally:
            os.close(descriptor)


def replace(target: str, parts: Iterable[bytes], mode: int) -> None:
    """Put these parts in the place of a file by one rename. Raises `OSError`; the old file then stays as it is.

    A device or a pipe is written to instead: in its place, `/dev/null` would be a file for the whole machine.
    """
    if os.path.exists(target) and not os.path.isfile(target):
        _write_into(target, parts)
        return
    directory, name = os.path.split(target)
    temporary = os.path.join(directory, f".{name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            for part in parts:
                write_all(descriptor, part)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.rename(temporary, target)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _write_into(target: str, parts: Iterable[bytes]) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for part in parts:
            write_all(descriptor, part)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, text: bytes) -> None:
    """Write everything: a single write may take only a part, when a disk is nearly full."""
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def remove_stale(target: str) -> None:
    """Remove the temporary files of processes that died while replacing this target."""
    directory, name = os.path.split(target)
    for entry in os.listdir(directory):
        pid = entry.removeprefix(f".{name}.").removesuffix(".tmp")
        if entry == f".{name}.{pid}.tmp" and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            with suppress(OSError):
                os.unlink(os.path.join(directory, entry))


def _check_directory(filename: str) -> None:
    directory = os.path.dirname(os.path.realpath(filename))
    if not os.path.isdir(directory):
        raise ConfigurationError(f"output_filename: the directory {directory} does not exist (mkdir -p {directory})")
    if not os.access(directory, os.W_OK):
        raise ConfigurationError(f"output_filename: the directory {directory} is not writable by uid {os.geteuid()}")
