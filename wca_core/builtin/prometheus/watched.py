"""Files that others replace while the agent runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

State: TypeAlias = tuple[tuple[int, int, int, int] | None, ...]


def state_of(paths: Sequence[str]) -> State:
    """What changes when one of these files, behind links, is written or replaced; it costs a system call for each."""
    return tuple([_state(path) for path in paths])


def _state(path: str) -> tuple[int, int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
