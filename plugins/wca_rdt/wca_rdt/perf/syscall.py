"""perf_event_open(2) and the two ioctls that start a group: the only door to the C library.

glibc has no wrapper, so the number of the system call is ours to know, as are the numbers of the ioctls,
which on PowerPC carry a direction.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import NamedTuple

NO_PID = -1
"""Of an event that counts on one CPU whatever runs there, and of the members of a group."""
OWN_PID = 0
"""The calling thread."""
ANY_CPU = -1
NO_GROUP = -1

FD_CLOEXEC = 1 << 3
PID_CGROUP = 1 << 2
"""`pid` is a descriptor of a cgroup's directory."""


class Step(Enum):
    """What is done to a whole group through its leader."""

    RESET = 0x2403
    ENABLE = 0x2400


class _Numbers(NamedTuple):
    system_call: int
    direction: int = 0
    """Set in the number of an ioctl without argument."""


_NUMBERS = {
    "x86_64": _Numbers(298),
    "aarch64": _Numbers(241),
    "riscv64": _Numbers(241),
    "loongarch64": _Numbers(241),
    "ppc64le": _Numbers(319, 1 << 29),
    "s390x": _Numbers(331),
}
"""By machine, as uname(2) names it."""

_WHOLE_GROUP = 1


def perf_event_open(attributes: bytes, pid: int, cpu: int, group: int, flags: int) -> int:
    """A descriptor of a new counter. Raises `OSError`: ENOSYS too where the number of the call is not known."""
    number = _numbers(platform.machine()).system_call
    call = _system_call()
    while (descriptor := call(number, attributes, pid, cpu, group, flags)) < 0:
        found = ctypes.get_errno()
        if found != errno.EINTR:
            raise OSError(found, os.strerror(found), "perf_event_open")
    return descriptor


def take(step: Step, leader: int) -> None:
    """Reset or enable all counters of a group. Raises `OSError` that names the step."""
    try:
        fcntl.ioctl(leader, step.value | _numbers(platform.machine()).direction, _WHOLE_GROUP)
    except OSError as error:
        raise OSError(error.errno, f"{step.name.lower()} failed: {error.strerror}") from error


def _numbers(machine: str) -> _Numbers:
    found = _NUMBERS.get(machine)
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        bits = 8 * ctypes.sizeof(ctypes.c_void_p)
        known = ", ".join(sorted(_NUMBERS))
        raise OSError(errno.ENOSYS, f"perf events are known for 64-bit {known}, this is {bits}-bit {machine}")
    return found


@cache
def _system_call() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    number = ctypes.c_long
    call.restype = number
    call.argtypes = [number, ctypes.c_char_p, number, number, number, number]
    return call
