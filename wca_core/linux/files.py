"""Kernel files that stay open from step to step.

A read is one `pread` from offset 0: the kernel makes the text anew for each. Opening and
closing costs eight to ten times as much as reading a file that holds one number. A file of a
removed cgroup answers ENODEV, also after a cgroup of the same name is back, so an open file
never speaks for the wrong cgroup.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property

from wca_core.errors import HostError

BUFFER = 16384
"""Larger than any file read in every step but `smaps` and the like; see `read_whole`."""

LARGEST = 1 << 24
"""No kernel file read here comes near; a larger one is not what its name says."""

_GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.ESRCH})


def default_max_open_files() -> int:
    """Half of the soft limit of open files, to leave room for everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft // 2 if soft > 0 else 1 << 20


def raise_open_files_limit() -> None:
    """Raise the soft limit of open files to the hard one, which needs no privilege."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class OpenFiles:
    """The budget of files that are kept open, shared by all that read."""

    def __init__(self, maximum: int | None = None) -> None:
        self.count = 0
        self._given = maximum

    @cached_property
    def maximum(self) -> int:
        """Looked up when first needed: until then the limit of the process may still be raised."""
        return default_max_open_files() if self._given is None else self._given

    def has_room(self, files: int) -> bool:
        """For so many more."""
        return self.count + files <= self.maximum


class FileSet:
    """Files that are read together in every step.

    Kept open while the budget allows, else opened and closed for each round:

    >>> descriptors = files.descriptors or files.borrow()
    >>> try: ...
    >>> finally: files.give_back()
    """

    __slots__ = ("_borrowed", "_budget", "_size", "descriptors", "paths")

    def __init__(self, budget: OpenFiles, paths: Sequence[str]) -> None:
        """Open all files or none. Raises `OSError` for the first that cannot be opened."""
        self._budget = budget
        self._borrowed: list[int] = []
        self._size = BUFFER
        self.paths: Sequence[str] = ()
        """Of a set that is not kept open: a thousand tasks have some megabytes of them."""
        self.descriptors: list[int] = []
        if budget.has_room(len(paths)):
            self.descriptors = _open_all(paths)
            budget.count += len(paths)
        else:
            self.paths = paths

    def borrow(self) -> list[int]:
        """Descriptors for one round of reads, for a set that is not kept open."""
        self._borrowed = _open_all(self.paths)
        return self._borrowed

    def give_back(self) -> None:
        """Close what `borrow` opened; nothing for a set that is kept open."""
        if self._borrowed:
            _close_all(self._borrowed)
            self._borrowed = []

    def texts(self) -> list[bytes]:
        """The whole of each file: one read each, after files that outgrow the buffer have made it larger.

        Raises `OSError`.
        """
        try:
            descriptors = self.descriptors or self.borrow()
            texts = [read_whole(descriptor, self._size) for descriptor in descriptors]
        finally:
            self.give_back()
        self._size = min(max([self._size, *(2 * len(text) for text in texts)]), LARGEST)
        return texts

    def close(self) -> None:
        """Close everything, for good. May be called twice."""
        self.give_back()
        _close_all(self.descriptors)
        self._budget.count -= len(self.descriptors)
        self.descriptors = []


def _open_all(paths: Iterable[str]) -> list[int]:
    descriptors: list[int] = []
    try:
        for path in paths:
            descriptors.append(open_file(path))  # noqa: PERF401  those before a failure must be closed
    except OSError:
        _close_all(descriptors)
        raise
    return descriptors


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def open_file(path: str) -> int:
    """A descriptor to read a kernel file. Raises `OSError`."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def read_file(path: str) -> bytes:
    """The whole of a kernel file, opened for this one read. Raises `OSError`."""
    descriptor = open_file(path)
    try:
        return read_whole(descriptor)
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """The whole of a kernel file as text. Raises `HostError` that names the path."""
    try:
        return read_file(path).decode(errors="replace")
    except OSError as error:
        raise HostError(f"{path}: cannot be read: {error.strerror}") from error


def read_whole(descriptor: int, size: int = BUFFER) -> bytes:
    """All bytes from offset 0 in one read, so that no two states of the kernel are mixed.

    Reads again with a larger buffer until the text fits. Raises `OSError` (EFBIG) beyond `LARGEST`.
    """
    while size <= LARGEST:
        content = os.pread(descriptor, size, 0)
        if len(content) < size:
            return content
        size *= 4
    raise OSError(errno.EFBIG, f"larger than {LARGEST} bytes, which no kernel file is")


def is_gone(error: OSError) -> bool:
    """Whether an error says that the object behind the file does not exist any more."""
    return error.errno in _GONE
