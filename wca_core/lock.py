"""One agent on a node: two would fight over perf counters, resctrl groups and what tasks are given.

The lock is a file held with flock(2), which the kernel lets go when its holder ends, however that happens.
The file itself stays: removing it could take the lock from somebody who has just opened it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wca_core.errors import StartError

log = logging.getLogger("wca.lock")


def default_lock_path() -> str:
    """Of the whole node for root, of the user for others."""
    if os.geteuid() == 0:
        return "/run/wca.lock"
    directory = os.environ.get("XDG_RUNTIME_DIR")
    return f"{directory}/wca.lock" if directory else f"/tmp/wca-{os.geteuid()}.lock"


@contextmanager
def only_agent(path: str) -> Iterator[None]:
    """Be the only one who holds this lock. Raises `StartError` that names the holder.

    A lock file that cannot be used is told, and the agent runs without.
    """
    try:
        descriptor = _opened(path)
    except OSError as error:
        log.warning("no lock against a second agent: %s: %s", path, error.strerror)
        yield
        return
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _opened(path: str) -> int:
    """The lock file, made if need be. Raises `OSError`, also for a file of another kind or another user."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o644)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(0, f"is no file of uid {os.geteuid()}", path)
    return descriptor


def _take(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "somebody"
        raise StartError(
            f"another agent runs on this node: {holder} (lock {path}); stop it, or give --no-lock to run two"
        ) from error
    os.ftruncate(descriptor, 0)
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    os.pwrite(descriptor, f"pid {os.getpid()} since {since}\n".encode(), 0)
