"""In which namespaces this process is: namespaces(7), and the links in `/proc/self/ns`.

The namespaces in which a machine starts have fixed numbers: include/linux/proc_ns.h of the kernel.
"""

from __future__ import annotations

import os

INITIAL = {"cgroup": 0xEFFFFFFB, "pid": 0xEFFFFFFC, "user": 0xEFFFFFFD}
"""Numbers of the machine's own namespaces; those of other kinds are not fixed on all kernels."""


def parse_namespace(link: str) -> int:
    """The number in `pid:[4026531836]`. Raises `ValueError`."""
    _, bracket, number = link.removesuffix("]").partition(":[")
    if not bracket or not number.isdecimal():
        raise ValueError(f"a namespace such as 'pid:[4026531836]' expected, found {link!r:.80}")
    return int(number)


def is_own(proc: str, kind: str) -> bool | None:
    """Whether this process has a namespace of its own instead of the machine's; None if that cannot be told.

    `kind`: one of `INITIAL`.
    """
    try:
        return parse_namespace(os.readlink(f"{proc}/self/ns/{kind}")) != INITIAL[kind]
    except (OSError, ValueError):
        return None
