"""Journals that another agent of this machine may have left, at the places that agents of other users use unasked.

Whoever can write a journal says which files are written when it is followed. So only this decides, in this order:

| what is there | it is |
|---|---|
| nothing, no file, or a journal without a change | nothing |
| a file of this user in a directory of this user or root, writable for nobody else, with one name | trusted |
| anything else | left: told to a person, with the command that follows it as its owner |

Trusted is not yet followed: the journal checks owner and mode again on the file that it has open.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

PLACES = ("/run/wca/journal", "/run/wca/wca.journal")
"""Of root's agents, and of the one that the systemd unit starts."""
LOOKED_AT = 1 << 16
"""Bytes: the first line names the start of the machine, the second one is a change."""


@dataclass(frozen=True, slots=True)
class LeftJournal:
    """A journal that nobody but a person should follow."""

    path: str
    owner: int
    """uid"""
    is_own: bool
    """Whether the owner is who asks; then others may have written it too."""

    def __str__(self) -> str:
        if self.is_own:
            return f"{self.path} is left: others may have written it; once you know what is in it: {self._by_path}"
        return f"{self.path} is left: it is the journal of {self._name}, who follows it: {self._by_its_owner}"

    @property
    def _by_path(self) -> str:
        return f"wca restore --state-file {self.path}"

    @property
    def _by_its_owner(self) -> str:
        if self.owner == 0:
            return f"sudo {self._by_path}"
        user = f"systemd-run --pipe --wait -p User={self._name} -p AmbientCapabilities=CAP_DAC_OVERRIDE"
        return f"sudo {user} {self._by_path}" if self._name == "wca" else f"sudo -u {self._name} {self._by_path}"

    @property
    def _name(self) -> str:
        """For a shell, too: `#1000` is how sudo takes a user without a name."""
        with suppress(KeyError):
            return pwd.getpwuid(self.owner).pw_name
        return f"'#{self.owner}'"


def journals_beside(
    path: str, places: Iterable[str] = PLACES, uid: int | None = None
) -> tuple[Sequence[str], Sequence[LeftJournal]]:
    """Those trusted and those left, without `path` itself; `uid`: who asks."""
    asking = os.geteuid() if uid is None else uid
    trusted, left = [], []
    for place in places:
        with suppress(OSError):  # who may not look there has none there
            if place == path or not _holds_changes(place):
                continue
            status = os.lstat(place)
            if status.st_uid == asking and status.st_nlink == 1 and _is_closed(place, asking):
                trusted.append(place)
            else:
                left.append(LeftJournal(place, status.st_uid, status.st_uid == asking))
    return trusted, left


def _holds_changes(path: str) -> bool:
    """Raises `OSError` if nothing is there. One that may not be read is taken to hold some."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:
        return True
    try:
        return len(os.pread(descriptor, LOOKED_AT, 0).splitlines()) > 1
    finally:
        os.close(descriptor)


def _is_closed(path: str, uid: int) -> bool:
    """Whether nobody but this user, and root, could have put the file there or written it."""
    file, directory = os.lstat(path), os.stat(os.path.dirname(path))
    return directory.st_uid in (0, uid) and not (file.st_mode | directory.st_mode) & 0o022
