"""How systemd names cgroups: systemd.unit(5), "String Escaping" there, and https://systemd.io/CGROUP_DELEGATION."""

from __future__ import annotations

import re

_UNITS = (".service", ".scope", ".socket", ".mount", ".swap")
"""Units that have a cgroup of their own, beside slices, which have others in theirs."""
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_MANAGER = re.compile(r"user@\d+\.service")
_USER = re.compile(r"/user-(\d{1,10})\.slice/")


def unit_of(path: str) -> str | None:
    """The service, scope or other unit whose own cgroup this is; None for a slice and any other cgroup."""
    last = path.rpartition("/")[2]
    return _unit(last) if last.endswith(_UNITS) else None


def unit_above(path: str) -> str | None:
    """The unit, but no slice, nearest above a cgroup."""
    return next((_unit(part) for part in _parts_above(path) if part.endswith(_UNITS)), None)


def slice_of(path: str) -> str | None:
    """The slice nearest above a cgroup."""
    return next((_unit(part) for part in _parts_above(path) if part.endswith(".slice")), None)


def is_slice(path: str) -> bool:
    return path.endswith(".slice")


def is_user_manager(path: str) -> bool:
    """Whether this is the service that runs all services of a user, each in a cgroup below it."""
    return _MANAGER.fullmatch(path.rpartition("/")[2]) is not None


def user_manager_above(path: str) -> str | None:
    """The `user@UID.service` in which a cgroup is."""
    return next((part for part in _parts_above(path) if _MANAGER.fullmatch(part)), None)


def uid_of(path: str) -> int | None:
    """The user in whose slice a cgroup is."""
    found = _USER.search(path)
    return int(found[1]) if found else None


def unescaped(name: str) -> str:
    """A part of a unit's name with its `\\xNN` as characters; bytes that are no UTF-8 are replaced."""
    if "\\x" not in name:
        return name
    return re.sub(r"(?:\\x[0-9a-f]{2})+", lambda run: _decoded(run[0]), name)


def _decoded(run: str) -> str:
    return bytes(int(byte, 16) for byte in _ESCAPED.findall(run)).decode(errors="replace")


def _parts_above(path: str) -> list[str]:
    return path.split("/")[-2:0:-1]


def _unit(part: str) -> str:
    """systemd puts a `_` before a name that could be taken for a file of the kernel."""
    return part.removeprefix("_")
