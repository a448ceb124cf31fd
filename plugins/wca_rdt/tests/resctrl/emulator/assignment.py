"""A write to `tasks`: ids of threads, with commas between them."""

import errno
import re
from typing import NoReturn

from plugins.wca_rdt.tests.resctrl.emulator.groups import Group
from plugins.wca_rdt.tests.resctrl.emulator.status import Status
from plugins.wca_rdt.tests.resctrl.emulator.tasks import Membership, origin

NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|\d+)")


def assign(text: str, writer: int, group: Group, members: Membership, status: Status) -> None:
    """Moves each thread of `text` into `group`, 0 being the writer; those before a refused one have moved.

    Raises OSError EINVAL or ESRCH with the kernel's words in `status`.
    """
    status.clear()
    line = text.partition("\n")[0]
    for word in line.split(",") if line else ():
        name = word.strip()
        if not NUMBER.fullmatch(name):
            status.refuse(errno.EINVAL, f"Task list parsing error pid {name}")
        thread = int(name, 16 if "x" in name.lower() else 10)
        if thread < 0:
            status.refuse(errno.EINVAL, f"Invalid pid {thread}")
        move(thread, writer, group, members, status)


def move(thread: int, writer: int, group: Group, members: Membership, status: Status) -> None:
    """A monitoring group takes only threads that its control group has."""
    moved = thread or writer
    if origin(moved) is None:
        refuse(errno.ESRCH, f"No task {thread}", thread, status)
    current = members.group_of(moved)
    if group.parent is not None and current.control is not group.control:
        refuse(errno.EINVAL, "Can't move task to different control group", thread, status)
    if current is not group and not members.move(moved, group):
        refuse(errno.ESRCH, f"No task {thread}", thread, status)


def refuse(error: int, line: str, thread: int, status: Status) -> NoReturn:
    status.add(line)
    status.refuse(error, f"Error while processing task {thread}")
