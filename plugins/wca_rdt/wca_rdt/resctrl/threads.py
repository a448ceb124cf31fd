"""Writing thread ids into a group: one id a write, each with its own verdict.

Newer kernels take several ids at once, but stop at the first that fails.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

ENDED = errno.ESRCH
GROUP_GONE = frozenset({errno.ENOENT, errno.ENODEV})
FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})


@dataclass(slots=True)
class Written:
    """What became of the ids."""

    moved: list[int] = field(default_factory=list)
    refused: list[tuple[int, int]] = field(default_factory=list)
    """Id and errno; without those of threads that had ended."""
    is_group_gone: bool = False
    """The group was removed before or while it was written; the rest was not tried."""

    def refused_with(self, *numbers: int) -> list[int]:
        """The ids refused for one of these reasons."""
        return [thread for thread, number in self.refused if number in numbers]


def write_ids(write: Callable[[bytes], object], threads: Iterable[int]) -> Written:
    """Write each id in order. `write` raises `OSError` with the kernel's verdict on that id."""
    written = Written()
    for thread in sorted(threads):
        try:
            write(b"%d" % thread)
        except OSError as error:
            number = error.errno or 0
            if number in GROUP_GONE:
                written.is_group_gone = True
                break
            if number != ENDED:
                written.refused.append((thread, number))
        else:
            written.moved.append(thread)
    return written


def move(threads: Iterable[int], directory: str) -> Written:
    """Write ids into the group of this directory. Raises `OSError` if its `tasks` cannot be opened for writing."""
    try:
        descriptor = os.open(f"{directory}/tasks", os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in GROUP_GONE:
            return Written(is_group_gone=True)
        raise
    try:
        return write_ids(lambda text: os.write(descriptor, text), threads)
    finally:
        os.close(descriptor)
