"""Who holds a lock on a file."""

import fcntl
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.file_locks import FileId, flock_holder, parse_flocks

LOCKS = b"""\
1: POSIX  ADVISORY  WRITE 10 00:18:1 0 EOF
2: FLOCK  ADVISORY  WRITE 4711 fe:01:905 0 EOF
2: -> FLOCK  ADVISORY  WRITE 4712 fe:01:905 0 EOF
3: FLOCK  ADVISORY  READ 11 fe:01:906 0 EOF
"""


def test_only_the_holder_of_an_exclusive_flock_is_taken() -> None:
    assert parse_flocks(LOCKS) == {FileId(0xFE, 1, 905): 4711}


@given(st.binary())
def test_no_text_raises(text: bytes) -> None:
    assert isinstance(parse_flocks(text), dict)


def test_the_holder_of_a_real_lock_is_this_process_until_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert flock_holder("/proc", str(path)) is None

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert flock_holder("/proc", str(path)) == os.getpid()

    assert flock_holder("/proc", str(path)) is None


def test_looking_does_not_take_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    flock_holder("/proc", str(path))

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
