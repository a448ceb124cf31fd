"""The need of storages that write a file: that it can be written, looked at without opening it."""

from __future__ import annotations

import os

from wca_core.model.requirement import Requirement


def writable_file(path: str, *, replaced: bool) -> Requirement:
    """`replaced`: in every step a new file takes the place of the old one, which needs its directory only."""
    return Requirement(
        need=f"to write {path}",
        is_met=lambda _: _why_not(path, replaced) == "",
        found=lambda _: _why_not(path, replaced),
        cure=lambda _: _cure(path, replaced),
    )


def _needed(path: str, replaced: bool) -> str:
    """What must be writable: the file if it is to be appended to, else its directory, where the links end."""
    target = os.path.realpath(path)
    return target if os.path.exists(target) and not replaced else os.path.dirname(target)


def _why_not(path: str, replaced: bool) -> str:
    """Empty if nothing is against it."""
    target, needed = os.path.realpath(path), _needed(path, replaced)
    if os.path.isdir(target):
        return f"{target} is a directory"
    if not os.path.exists(needed):
        return f"{needed} does not exist"
    if os.access(needed, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return ""
    if _is_read_only(needed):
        return f"{needed} is mounted read-only"
    return f"{needed} is not writable by uid {os.geteuid()}"


def _cure(path: str, replaced: bool) -> str:
    needed = _needed(path, replaced)
    if os.path.isdir(os.path.realpath(path)):
        return "name a file in it"
    if not os.path.exists(needed):
        return f"mkdir -p {needed}"
    if _is_read_only(needed):
        return f"ReadWritePaths={needed} in the systemd unit, or mount it read-write"
    return f"chown {os.geteuid()} {needed} && chmod u+w {needed}"


def _is_read_only(path: str) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
