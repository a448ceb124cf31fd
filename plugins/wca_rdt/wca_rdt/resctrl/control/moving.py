"""Moving a task into a control group: with its monitoring group where the kernel can, else thread by thread.

| the kernel | does |
|---|---|
| Linux 6.5 and newer | renames the monitoring group into the other control group: threads and counts go along |
| older, or Arm MPAM | takes thread ids, one a write; what is counted begins again in a new monitoring group |

Threads are made while others are written, so the list is read again until nobody is missing; whoever is still missing
then is brought in by the next step. A thread that ends meanwhile is nobody's loss.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from wca_core.processes import Ids
from wca_rdt.resctrl.groups import MonGroup, Resctrl
from wca_rdt.resctrl.threads import Written, move

PASSES = 5

NOT_CARRIED = frozenset({errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP, errno.EXDEV, errno.ENOSYS, errno.EEXIST})
"""Why a kernel does not rename a monitoring group."""

Threads: TypeAlias = Callable[[], Ids]
"""The threads of the task as they are now. Raises `OSError` if it is gone."""


def bring(resctrl: Resctrl, name: str, control: str, threads: Threads) -> None:
    """Move a task, whose monitoring groups have this name. Raises `OSError`, `ValueError`."""
    before = holders(resctrl, name)
    is_carried = _carry(resctrl, name, control, before)
    _bring_threads(resctrl, resctrl.control_directory(control), threads, lambda: resctrl.control_threads(control))
    group = MonGroup(control, name)
    if not is_carried:
        with suppress(OSError):  # without one it is not measured, as it is told, but it is where it should be
            resctrl.make(group)
        for old in before:
            resctrl.remove(old)
    if os.path.isdir(resctrl.directory(group)):
        move(set(threads()) - resctrl.threads(group), resctrl.directory(group))


def holders(resctrl: Resctrl, name: str) -> list[MonGroup]:
    """The monitoring groups of a task, of which there should be one."""
    return [group for group in resctrl.groups() if group.name == name]


def _carry(resctrl: Resctrl, name: str, control: str, before: list[MonGroup]) -> bool:
    """Whether the task has its monitoring group in the other control group now."""
    if MonGroup(control, name) in before:
        return True
    for group in before:
        try:
            resctrl.transfer(group, control)
        except OSError as error:
            if error.errno not in NOT_CARRIED:
                raise
        else:
            return True
    return False


def _bring_threads(resctrl: Resctrl, directory: str, threads: Threads, there: Callable[[], set[int]]) -> None:
    """Until none is missing, a few times at most."""
    for _ in range(PASSES):
        missing = set(threads()) - there()
        if not missing:
            return
        _check(move(missing, directory), directory)


def _check(written: Written, directory: str) -> None:
    """Raises `OSError` if the kernel refused a thread that had not ended."""
    if written.is_group_gone:
        raise FileNotFoundError(errno.ENOENT, "the group was removed by somebody else", directory)
    for thread, number in written.refused:
        raise OSError(number, f"thread {thread} cannot be moved there: {os.strerror(number)}", directory)
