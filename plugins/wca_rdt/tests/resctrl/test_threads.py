"""Thread ids are written one by one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.threads import move, write_ids


class Verdicts:
    """A `tasks` file that answers with these errors."""

    def __init__(self, errors: dict[int, int]) -> None:
        self._errors = errors
        self.written: list[bytes] = []

    def __call__(self, text: bytes) -> None:
        if number := self._errors.get(int(text)):
            raise OSError(number, os.strerror(number))
        self.written.append(text)


def test_a_thread_that_has_ended_stops_nobody() -> None:
    tasks = Verdicts({2: errno.ESRCH})

    result = write_ids(tasks, {1, 2, 3})

    assert (tasks.written, result.moved, result.refused) == ([b"1", b"3"], [1, 3], [])


def test_a_refused_thread_stops_nobody() -> None:
    tasks = Verdicts({1: errno.EINVAL, 2: errno.EPERM})

    result = write_ids(tasks, {1, 2, 3})

    assert (tasks.written, result.refused) == ([b"3"], [(1, errno.EINVAL), (2, errno.EPERM)])


def test_a_removed_group_is_not_written_further() -> None:
    tasks = Verdicts({2: errno.ENODEV})

    result = write_ids(tasks, {1, 2, 3})

    assert (tasks.written, result.is_group_gone) == ([b"1"], True)


def test_a_group_that_is_not_there_is_gone(tmp_path: Path) -> None:
    assert move({1}, str(tmp_path / "none")).is_group_gone


@given(
    threads=st.sets(st.integers(1, 50)),
    errors=st.dictionaries(st.integers(1, 50), st.sampled_from([errno.ESRCH, errno.EINVAL, errno.EPERM, errno.EIO])),
)
def test_every_thread_is_tried_once(threads: set[int], errors: dict[int, int]) -> None:
    result = write_ids(Verdicts(errors), threads)

    ended = {thread for thread in threads if errors.get(thread) == errno.ESRCH}
    assert sorted([*result.moved, *(thread for thread, _ in result.refused), *ended]) == sorted(threads)
