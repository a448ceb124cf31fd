"""The file of a recording: whole chunks or nothing, never over another file, never into a device."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress

from wca_core.errors import StartError

MODE = 0o600
"""A recording names tasks, images and paths: only who recorded it reads it, until he gives it away."""


class Output:
    """A file that grows by whole pieces. A piece that could not be written leaves the file as it was before."""

    def __init__(self, path: str, *, overwrite: bool) -> None:
        """Raises `StartError`: the file exists and is not to be overwritten, is none, or cannot be made."""
        self.path = path
        self._descriptor = _open(path, overwrite=overwrite)
        self.size = 0
        """What was written; until then what is overwritten is still there."""

    def write(self, piece: bytes) -> None:
        """Raises `OSError`; the file then ends where it ended before."""
        rest = memoryview(piece)
        try:
            if not self.size:
                os.ftruncate(self._descriptor, 0)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise
        self.size += len(piece)

    @property
    def is_at_its_place(self) -> bool:
        """Whether its name still means this file: it may have been renamed or removed."""
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    @property
    def is_removed(self) -> bool:
        """Whether no name is left: what is written goes nowhere."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """A file that stayed empty is removed: the next recording may have its name."""
        if not os.fstat(self._descriptor).st_size and self.is_at_its_place:
            with suppress(OSError):
                os.unlink(self.path)
        os.close(self._descriptor)


def _open(path: str, *, overwrite: bool) -> int:
    """No link is followed: what it leads to may be somebody else's."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags | (0 if overwrite else os.O_EXCL), MODE)
    except FileExistsError as error:
        raise StartError(
            f"{path} exists: another file expected, or --overwrite (record.overwrite: true) to replace it"
        ) from error
    except OSError as error:
        raise StartError(f"{path}: a file to record into expected: {error.strerror}") from error
    try:
        _claim(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _claim(descriptor: int, path: str) -> None:
    """Only a regular file, and only one writer."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise StartError(f"{path}: a file to record into expected, found a device or pipe")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StartError(f"{path}: another process records into it ({error.strerror})") from error
