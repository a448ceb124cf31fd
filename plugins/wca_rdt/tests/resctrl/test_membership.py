"""What is told of threads that the kernel does not let move."""

from __future__ import annotations

import errno
import logging
from collections.abc import Collection
from pathlib import Path

import pytest
from wca_rdt.resctrl.groups import MonGroup, Resctrl
from wca_rdt.resctrl.membership import GroupLost, Membership
from wca_rdt.resctrl.sight import Sight
from wca_rdt.resctrl.threads import Written

from plugins.wca_rdt.tests.resctrl.folder import ResctrlFolder
from wca_core.builtin.complaints import Complaints
from wca_core.testing import Machine

GROUP = MonGroup("", "a")


@pytest.fixture
def sight(tmp_path: Path) -> Sight:
    folder = ResctrlFolder(Machine(tmp_path)).group("mon_groups/a", {}, [])
    (folder.path / "info/last_cmd_status").write_text("No such luck\n")
    return Sight(Resctrl(str(folder.path)))


class Kernel:
    """Refuses all threads for one reason and remembers what it was asked."""

    def __init__(self, number: int, *, is_group_gone: bool = False) -> None:
        self._number, self._is_group_gone = number, is_group_gone
        self.asked: list[tuple[set[int], str]] = []

    def __call__(self, threads: Collection[int], directory: str) -> Written:
        self.asked.append((set(threads), directory.rpartition("/")[2]))
        refused = [(thread, self._number) for thread in sorted(threads)]
        return Written(refused=refused, is_group_gone=self._is_group_gone)


@pytest.mark.parametrize(
    ("number", "level", "words"),
    [
        (errno.EPERM, "WARNING", "Operation not permitted (the kernel lets only effective uid 0"),
        (errno.EACCES, "WARNING", "Permission denied (the kernel lets only effective uid 0"),
        (errno.EINVAL, "WARNING", "Invalid argument"),
        (errno.EIO, "ERROR", "Input/output error (No such luck)"),
    ],
)
def test_a_refused_thread_is_told_once_a_task_and_counted(
    sight: Sight, caplog: pytest.LogCaptureFixture, number: int, level: str, words: str
) -> None:
    membership = Membership("task a", Complaints(logging.getLogger("wca.rdt")), Kernel(number))

    for _ in range(2):
        membership.bring_in(GROUP, {7, 8}, sight, lambda: {7, 8})

    (record,) = caplog.records
    assert (record.levelname, words in record.getMessage()) == (level, True)
    assert "task a: thread 7 cannot be moved to " in record.getMessage()
    assert membership.errors >= 4


def test_an_invalid_thread_is_brought_into_the_control_group_and_tried_again(sight: Sight) -> None:
    kernel = Kernel(errno.EINVAL)

    Membership("task a", Complaints(logging.getLogger("wca.rdt")), kernel).bring_in(GROUP, {7}, sight, lambda: {7})

    assert kernel.asked == [({7}, "a"), ({7}, "resctrl"), ({7}, "a")]


def test_nothing_more_is_tried_in_a_group_that_is_gone(sight: Sight) -> None:
    kernel = Kernel(errno.EINVAL, is_group_gone=True)

    with pytest.raises(GroupLost, match="was removed by somebody else"):
        Membership("task a", Complaints(logging.getLogger("wca.rdt")), kernel).bring_in(GROUP, {7}, sight, lambda: {7})
