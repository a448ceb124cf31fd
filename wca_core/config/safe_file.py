"""Reads a file that decides what the agent does, if nobody else can have written it.

| check | otherwise |
|---|---|
| an absolute path | error |
| a regular file, also behind links | error |
| owned by the user, or the process is root | error |
| not writable by everybody | error |
| not writable by a group, except root's | doubt: a warning, an error with `--strict-config` |
| in a directory where not everybody may rename files | doubt |

The file is opened once and the descriptor checked, so what is checked is what is read.
"""

from __future__ import annotations

import os
import stat

from wca_core.config.problems import Problems
from wca_core.config.tree import Place
from wca_core.errors import ConfigurationError

LARGEST = 1 << 20


def read_safely(path: str, problems: Problems) -> bytes:
    """The content of a file. Raises `ConfigurationError` if it fails a check or is larger than 1 MiB."""
    if not os.path.isabs(path):
        raise ConfigurationError(f"{path}: an absolute path expected (try {os.path.abspath(path)})")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{path}: cannot be opened: {reason}") from error
    try:
        _check(path, os.fstat(descriptor), problems)
        content = _read(descriptor)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path}: larger than {LARGEST} bytes")
    return content


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(LARGEST + 1)


def _check(path: str, status: os.stat_result, problems: Problems) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{path}: a regular file expected, found {_kind(status.st_mode)}")
    if os.geteuid() != 0 and status.st_uid != os.getuid():
        raise ConfigurationError(f"{path}: belongs to uid {status.st_uid}, but the agent runs as uid {os.getuid()}")
    if status.st_mode & stat.S_IWOTH:
        raise ConfigurationError(f"{path}: everybody may write it (chmod o-w {path})")
    if status.st_mode & stat.S_IWGRP and status.st_gid != 0:
        problems.doubt(Place(path), f"the group {status.st_gid} may write it (chmod g-w {path})")
    directory = os.path.dirname(os.path.realpath(path))
    mode = os.stat(directory).st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        problems.doubt(Place(path), f"everybody may replace it (chmod o-w {directory})")


def _kind(mode: int) -> str:
    return "a directory" if stat.S_ISDIR(mode) else "something else"
