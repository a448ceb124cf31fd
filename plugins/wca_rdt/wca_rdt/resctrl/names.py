"""The names of groups: a task's cgroup path without its first `/`, every other `/` a `-`.

The name says after a restart whose group it is, and is what people look for below /sys/fs/resctrl.
"""

from __future__ import annotations

import os
from collections.abc import Container
from hashlib import sha256

LONGEST = 255
"""Bytes of a file's name."""

RESERVED = frozenset({"info", "mon_groups", "mon_data"})
"""Names that the kernel gives to directories of its own."""

_KEPT = 190


def group_name(cgroup_path: str) -> str:
    """`/kubepods/burstable/podX` is `kubepods-burstable-podX`; a name that is too long ends in a hash of it."""
    name = cgroup_path.strip("/").replace("/", "-") or "-"
    return name if len(os.fsencode(name)) <= LONGEST else _hashed(name, name)


def free_name(cgroup_path: str, taken: Container[str]) -> str:
    """A name that no other task has: `/a-b` and `/a/b` would share one, so the second gets a hash of its path."""
    name = group_name(cgroup_path)
    return name if name not in taken and name not in RESERVED else _hashed(name, cgroup_path)


def _hashed(name: str, distinctive: str) -> str:
    """Cut between characters, never within one."""
    kept = os.fsencode(name)[:_KEPT].decode(errors="ignore")
    return f"{kept}-{sha256(os.fsencode(distinctive)).hexdigest()[:16]}"
