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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from wca_core.errors import StartError
from wca_core.linux.file_locks import flock_holder

log = logging.getLogger("wca.lock")


NODE_LOCKS = ("/run/wca.lock", "/run/wca/wca.lock")
"""Of root's agent and of the one that the systemd unit starts: nobody's agent runs beside them unasked."""


def default_lock_path() -> str:
    """Of the whole node for root, of the user for others."""
    return lock_path(os.geteuid(), os.environ.get("XDG_RUNTIME_DIR"))


def lock_path(uid: int, runtime_directory: str | None) -> str:
    """The lock of a user's agents; a runtime directory that is not there is that of another session."""
    if uid == 0:
        return NODE_LOCKS[0]
    if runtime_directory and os.path.isdir(runtime_directory):
        return f"{runtime_directory}/wca.lock"
    return f"/tmp/wca-{uid}.lock"


ADVICE = "stop it, or give --no-lock to run two"


@contextmanager
def only_agent(
    path: str,
    configuration: str | None = None,
    others: Sequence[str] = NODE_LOCKS,
    proc: str = "/proc",
    advice: str = ADVICE,
) -> Iterator[None]:
    """Be the only one who holds this lock, and nobody any of the others, as far as `proc` tells.

    Raises `StartError` that names the holder and its configuration, with `advice`. A lock file that cannot be used is
    told, and the agent runs without.
    """
    with ExitStack() as held:
        for other in others:
            with suppress(OSError):  # who may not look is not kept out
                if other != path and (holder := flock_holder(proc, other)) is not None:
                    raise StartError(_refusal(f"process {holder}", other, advice))
        try:
            descriptor = _opened(path)
            held.callback(os.close, descriptor)
            _take(descriptor, path, advice)
            _sign(descriptor, configuration)
        except OSError as error:
            log.warning("no lock against a second agent: %s: %s", path, error.strerror)
        yield


def _opened(path: str) -> int:
    """The lock file, made if need be. Raises `OSError`, also for one of another kind or user, or with two names.

    Nobody else may read it: who can open a file can also lock it. A second name would be a link to a file that
    is then overwritten.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
        os.close(descriptor)
        raise PermissionError(0, f"is no file of uid {os.geteuid()} with one name", path)
    os.fchmod(descriptor, 0o600)  # also one that was there
    return descriptor


def _take(descriptor: int, path: str, advice: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "somebody"
        raise StartError(_refusal(holder, path, advice)) from error


def _refusal(holder: str, path: str, advice: str) -> str:
    return f"another agent runs on this node: {holder} (lock {path}); {advice}"


def _sign(descriptor: int, configuration: str | None) -> None:
    """Say who holds the lock, for the next one to tell; on a full disk it holds without."""
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    text = f"pid {os.getpid()} since {since}" + (f" with {configuration}" if configuration else "")
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{text}\n".encode(errors="replace"), 0)
