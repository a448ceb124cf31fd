"""migrate_pages(2): the only door to the C library.

glibc has no wrapper, so the number of the system call is ours to know; libnuma, which has one, is not needed for it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Callable, Collection
from functools import cache

BITS = 8 * ctypes.sizeof(ctypes.c_ulong)

_NUMBERS = {
    "x86_64": 256,
    "aarch64": 238,
    "riscv64": 238,
    "loongarch64": 238,
    "ppc64le": 258,
    "s390x": 287,
}
"""By machine, as uname(2) names it: what a 64-bit program there says."""


def is_known_machine() -> bool:
    """Whether the number of the system call is known here."""
    return BITS == 64 and platform.machine() in _NUMBERS


def migrate_pages(process: int, sources: Collection[int], target: int, highest: int) -> int:
    """Move what a process has on the nodes `sources` to the node `target`; the number of pages that could not be moved.

    `highest`: the highest number of a node of this machine. 0 is the calling process. Pages that another process maps
    too stay, without CAP_SYS_NICE. Blocks until all is moved. Raises `OSError`, see migrate_pages(2):

    | errno | because |
    |---|---|
    | ESRCH | there is no such process |
    | EPERM | it is another user's (CAP_SYS_PTRACE), or may not have memory on the target (CAP_SYS_NICE) |
    | EINVAL | the target has no memory or is none of our own nodes; the process is just ending |
    | ENOSYS | no such system call: the kernel is built without NUMA, or its number here is not known |
    """
    if not is_known_machine():
        raise OSError(errno.ENOSYS, f"migrate_pages is not known on {BITS}-bit {platform.machine()}")
    old, new = mask(sources, highest), mask((target,), highest)
    bits = highest + 2  # the kernel reads one less
    while (left := _system_call()(_NUMBERS[platform.machine()], process, bits, old, new)) < 0:
        found = ctypes.get_errno()
        if found != errno.EINTR:
            raise OSError(found, os.strerror(found), "migrate_pages")
    return left


def mask(nodes: Collection[int], highest: int) -> ctypes.Array[ctypes.c_ulong]:
    """A set of nodes as the kernel reads it: whole words, the lowest first. Raises `ValueError` for one too high."""
    if nodes and not 0 <= min(nodes) <= max(nodes) <= highest:
        raise ValueError(f"nodes from 0 to {highest} expected, found {sorted(nodes)}")
    words = (ctypes.c_ulong * (highest // BITS + 1))()
    for node in nodes:
        words[node // BITS] |= 1 << node % BITS
    return words


@cache
def _system_call() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    words = ctypes.POINTER(ctypes.c_ulong)
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_ulong, words, words]
    return call
