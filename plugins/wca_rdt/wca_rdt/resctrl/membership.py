"""Brings the threads of a task into its group, and writes only those that are not in it.

Writing a thread into a control group takes it out of its monitoring group, so whoever writes all of them in every
step books a part of the traffic wrongly. Threads inherit the group of the one that made them, so there is little to do.

| a thread of the task | is written |
|---|---|
| is in the monitoring group | nowhere |
| is in the control group | into the monitoring group |
| is in another control group | into the control group, then into the monitoring group; this once only |
| was in the monitoring group, and is not any more | into it, or as one in another control group; this once only |

That once: who moves it away again wants it elsewhere, and a thread is not pulled back and forth.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Collection
from typing import TypeAlias

from wca_core.builtin.complaints import Complaints
from wca_rdt.resctrl.groups import MonGroup
from wca_rdt.resctrl.sight import Sight
from wca_rdt.resctrl.threads import FORBIDDEN, Written, move

REPEATS = 2
"""Threads are made while others are written; those of the third time are left to the next step."""

Ids: TypeAlias = Collection[int]
Write: TypeAlias = Callable[[Ids, str], Written]


class GroupLost(Exception):  # noqa: N818  what happened, not a mistake
    """The group was removed by somebody else."""


class MovedAway(Exception):  # noqa: N818  what happened, not a mistake
    """Somebody has moved most of a task's threads to another control group than its own."""

    def __init__(self, control: str) -> None:
        super().__init__(control)
        self.control = control


class Membership:
    """The threads of one task."""

    __slots__ = ("_complaints", "_pulled", "_released", "_seen", "_subject", "_write", "errors")

    def __init__(self, subject: str, complaints: Complaints, write: Write = move) -> None:
        """`write` puts threads into the group of a directory."""
        self._write = write
        self._subject = subject
        self._complaints = complaints
        self._pulled: set[int] = set()
        """Once taken back from another group."""
        self._seen: Ids = frozenset()
        """Have been in the group."""
        self._released: set[int] = set()
        """Once written out of the group, though they are still seen in it."""
        self.errors = 0
        """Threads that could not be moved."""

    def begin_anew(self) -> None:
        """The next group is another one, in which no thread has been."""
        self._seen = frozenset()

    def bring_in(self, group: MonGroup, wanted: Ids, sight: Sight, read_again: Callable[[], Ids]) -> set[int]:
        """Move the missing ones; the threads in the group that are not the task's any more.

        Raises `GroupLost`, `MovedAway`, `OSError`, `ValueError`; `read_again` may raise what it likes.
        """
        given, wanted, have = wanted, set(wanted), self._in_group(group, sight)
        self._pulled &= wanted
        if not wanted <= have:
            _check_home(group, wanted, sight)
        for _ in range(1 + REPEATS):
            missing = wanted - have
            if not missing:
                break
            have |= self._move(group, missing, sight)
            newer = set(read_again())
            if newer <= wanted:
                break
            wanted, have = newer, self._in_group(group, sight)
        seen = have.union(self._seen)
        self._seen = given if seen.issuperset(given) else seen & wanted  # mostly a set that somebody keeps anyway
        return have - wanted

    def release(self, group: MonGroup, threads: set[int], home: str, sight: Sight) -> None:
        """Write threads that left the task out of its group, once each; they stay in the control group `home`."""
        self._released &= threads
        if once := threads - self._released:
            self._released |= once
            self._tell(self._write(once, sight.resctrl.control_directory(home)), sight, home)

    def _in_group(self, group: MonGroup, sight: Sight) -> set[int]:
        try:
            return sight.resctrl.threads(group)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENODEV):
                raise GroupLost(f"group {group.name} was removed by somebody else") from error
            raise

    def _move(self, group: MonGroup, missing: set[int], sight: Sight) -> set[int]:
        """Those that are in the group now."""
        strays = sight.strays(group.control, missing) if sight.controls else set()
        taken = strays | missing.intersection(self._seen)
        if unwilling := taken & self._pulled:
            self._complaints.tell(
                logging.WARNING,
                "pulled",
                self._subject,
                f"{self._subject}: somebody else moves its threads to another group; they are not measured",
            )
        self._pulled |= taken
        self._pull(strays - unwilling, group, sight)
        written = self._write(missing - unwilling, sight.resctrl.directory(group))
        raced = set(written.refused_with(errno.EINVAL))
        if raced:  # moved to another control group after we looked
            written.refused = [pair for pair in written.refused if pair[0] not in raced]
            self._pull(raced - self._pulled, group, sight)
            again = self._write(raced, sight.resctrl.directory(group))
            written.moved += again.moved
            self._tell(again, sight, group.name)
        self._tell(written, sight, group.name)
        return set(written.moved)

    def _pull(self, threads: set[int], group: MonGroup, sight: Sight) -> None:
        if threads:
            self._pulled |= threads
            self._tell(self._write(threads, sight.resctrl.control_directory(group.control)), sight, group.control)

    def _tell(self, written: Written, sight: Sight, place: str) -> None:
        self.errors += len(written.refused)
        for thread, number in written.refused:
            if number in FORBIDDEN:
                level, kind, advice = (
                    logging.WARNING,
                    "forbidden",
                    " (the kernel lets only effective uid 0 move threads of others: run as root)",
                )
            elif number == errno.EINVAL:
                level, kind, advice = logging.WARNING, "invalid", ""
            else:
                level, kind, advice = logging.ERROR, "refused", f" ({sight.resctrl.last_status()})"
            message = (
                f"{self._subject}: thread {thread} cannot be moved to {place or 'the root'}: {os.strerror(number)}"
            )
            self._complaints.tell(level, kind, self._subject, message + advice)
        if written.is_group_gone:
            raise GroupLost(f"group {place} was removed by somebody else")


def _check_home(group: MonGroup, wanted: set[int], sight: Sight) -> None:
    """What we measure we do not move: only threads in a control group of our own making are kept there."""
    if sight.controls and not sight.resctrl.is_own_control(group.control):
        home = sight.home(wanted)
        if home != group.control and len(wanted - sight.strays(home, wanted)) * 2 > len(wanted):
            raise MovedAway(home)
