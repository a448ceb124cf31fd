"""A file of lines that survives `kill -9` of its writer at any point, and full disks.

| what happens | what is there afterwards |
|---|---|
| killed while a line is appended | all lines before it, and perhaps a last one without its end |
| the disk is full | all lines before it; the writer is told |
| killed while it is rewritten | the old file or the new one, whole |
| removed by somebody | what the writer writes anew: it notices, see `is_there` |

Survives no power cut: it tells about cgroups, and those do not either. So nothing waits for the disk.
It is held with flock(2): a second writer is refused.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable
from contextlib import suppress


class LineFile:
    """One such file, open. Raises `OSError`: EWOULDBLOCK if another process holds it, EPERM if it is another's."""

    def __init__(self, path: str, *, is_made: bool = True) -> None:
        """`is_made`: if it is not there, with its directory."""
        self.path = path
        if is_made:
            self._make_directory()
        self._descriptor = _opened(path, os.O_CREAT if is_made else 0)
        self._whole = 0
        """Bytes of whole lines."""
        self._is_ragged = False
        """More bytes than these are there."""

    @property
    def is_there(self) -> bool:
        """Whether the file still has its name: without it nobody would find the lines after a crash."""
        found = self._found()
        return found is not None and found == os.fstat(self._descriptor).st_ino

    def lines(self) -> list[bytes]:
        """All whole lines, without their ends; what follows the last one goes when something is appended."""
        content = _content(self._descriptor)
        *whole, rest = content.split(b"\n")
        self._whole, self._is_ragged = len(content) - len(rest), bool(rest)
        return whole

    def append(self, line: bytes) -> None:
        """Raises `OSError`; then the file has no line more."""
        if self._is_ragged:
            os.ftruncate(self._descriptor, self._whole)
        self._is_ragged = True
        _write_all(self._descriptor, line)
        self._is_ragged = False
        self._whole += len(line)

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Let these lines take the place of all there are, also if the file was removed.

        Raises `OSError`; then all is as it was: EWOULDBLOCK if another file has the name by now.
        """
        if not self.is_there:
            if self._found() is not None:
                raise BlockingIOError(errno.EWOULDBLOCK, "another file took its place", self.path)
            self._make_directory()
        new = f"{self.path}.new"
        with suppress(FileNotFoundError):
            os.unlink(new)  # of a writer that was killed
        descriptor = _opened(new, os.O_CREAT | os.O_EXCL)
        content = b"".join(lines)
        try:
            _write_all(descriptor, content)
            os.replace(new, self.path)
        except OSError:
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(new)
            raise
        os.close(self._descriptor)
        self._descriptor, self._whole, self._is_ragged = descriptor, len(content), False

    def set_aside(self) -> str:
        """Give the file another name, which is returned, and let go of it. Raises `OSError`."""
        name = next(name for number in range(1, 1 << 20) if not os.path.lexists(name := f"{self.path}.broken-{number}"))
        os.rename(self.path, name)
        self.close()
        return name

    def remove(self) -> None:
        """Remove the file, and let go of it."""
        with suppress(OSError):
            if self.is_there:
                os.unlink(self.path)
        self.close()

    def close(self) -> None:
        """Let go of it. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _found(self) -> int | None:
        """The inode of what has its name now; None: nothing."""
        try:
            return os.lstat(self.path).st_ino
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _make_directory(self) -> None:
        if directory := os.path.dirname(self.path):
            os.makedirs(directory, mode=0o755, exist_ok=True)


def _opened(path: str, flags: int) -> int:
    """Held, and nobody else's: who may write it says which files root writes."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            who = f"a file that only uid {os.geteuid()} may write is expected"
            raise PermissionError(errno.EPERM, who, path)
        if not os.path.lexists(path) or os.lstat(path).st_ino != status.st_ino:
            raise BlockingIOError(errno.EWOULDBLOCK, "somebody replaced it just now", path)
        os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = b""
    while len(content) < size and (part := os.pread(descriptor, size - len(content), len(content))):
        content += part
    return content


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
