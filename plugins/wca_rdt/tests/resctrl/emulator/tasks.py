"""Which thread is in which group: by name where it was written to `tasks`, else by descent.

The kernel copies the group of a parent at fork. Here a thread that was never written is looked up
by its creator: the first thread of its process, for that one its parent process, at the time it was started.
"""

import os
from collections import defaultdict
from pathlib import Path

from plugins.wca_rdt.tests.resctrl.emulator.groups import Group

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def all_threads() -> list[int]:
    """The ids of all threads of the machine, in rising order."""
    found: list[int] = []
    for process in PROC.iterdir():
        if process.name.isdigit():
            try:
                found += map(int, os.listdir(process / "task"))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return sorted(found)


def origin(thread: int) -> tuple[int, int, int] | None:
    """(process, parent process, start in clock ticks since boot); None when it is gone."""
    try:
        fields = (PROC / str(thread) / "stat").read_text().rpartition(")")[2].split()
        status = (PROC / str(thread) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    process = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Tgid:"))
    return process, int(fields[1]), int(fields[19])


def now_in_ticks() -> int:
    return int(float((PROC / "uptime").read_text().split()[0]) * TICK)


class Membership:
    """The moves of each thread, oldest first, as (when, start of the thread, group)."""

    def __init__(self, root: Group) -> None:
        self._root = root
        self._moves: defaultdict[int, list[tuple[int, int, Group]]] = defaultdict(list)

    def move(self, thread: int, group: Group) -> bool:
        """Puts the thread into the group; False when there is no such thread."""
        found = origin(thread)
        if found is None:
            return False
        self._moves[thread].append((now_in_ticks(), found[2], group))
        return True

    def hand_over(self, gone: Group, heir: Group) -> None:
        """What was in a removed group is in another."""
        for moves in self._moves.values():
            moves[:] = [(when, start, heir if group is gone else group) for when, start, group in moves]

    def group_of(self, thread: int) -> Group:
        """The group of a living thread, the root's for one that is gone."""
        found = origin(thread) if self._moves else None
        return self._root if found is None else self._group_at(thread, found, None)

    def _group_at(self, thread: int, found: tuple[int, int, int], time: int | None) -> Group:
        """The group that the thread had before `time`; now, with None."""
        process, parent, start = found
        for when, moved_start, group in reversed(self._moves.get(thread, [])):
            if moved_start == start and (time is None or when < time):
                return group
        creator = process if process != thread else parent
        found_creator = origin(creator) if creator else None
        return self._root if found_creator is None else self._group_at(creator, found_creator, start)

    def members(self, group: Group) -> list[int]:
        """The threads of a monitoring group, or of a control group with all its monitoring groups."""
        wanted = {group, *group.monitoring}
        return [thread for thread in all_threads() if self.group_of(thread) in wanted]
