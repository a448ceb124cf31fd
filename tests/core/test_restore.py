"""`wca restore`, and what an agent puts back when it ends: real files, the real command."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import wca
from tests.unreliable import KINDS, change_of, contents, made, write_of
from wca_core.file_write import FileWrite
from wca_core.journal import Journal, restore
from wca_core.linux.kernel import read_boot_id
from wca_core.model.statistics import Statistics
from wca_core.model.write import Write
from wca_core.transaction import Bounds, Transaction

ORIGINAL = {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"}
BOOT_ID = read_boot_id("/proc")
RESTORE = ("restore", "--no-lock", "--state-file")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", ORIGINAL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def written(path: Path, *writes: Write, kinds: Mapping[str, type[Write]] = KINDS) -> Journal:
    """The journal of an agent that made these writes."""
    journal = Journal.open(str(path), BOOT_ID, kinds)
    Transaction(journal, None, Statistics(), bounds=Bounds()).apply(writes)
    return journal


def test_all_is_put_back_the_last_written_first(files: Path, path: Path) -> None:
    journal = written(path, *(write_of(files / place, "9") for place in ORIGINAL))

    restoration = restore(journal)

    assert contents(files) == ORIGINAL
    assert [place.entry.place for place in restoration.places] == [str(files / name) for name in reversed(ORIGINAL)]
    assert restoration.summary == "3 restored"


def test_what_somebody_else_rewrote_is_reported_and_left(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"), write_of(files / "a/y", "9"))
    (files / "a/x").write_text("theirs\n")

    restoration = restore(journal)

    assert contents(files) == ORIGINAL | {"a/x": "theirs\n"}
    assert str(restoration.places[1]) == (f"theirs    {files}/a/x (cpu_shares of task): holds 'theirs', we wrote '9'")


def test_restoring_twice_does_nothing_the_second_time(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"))
    restore(journal)
    (files / "a/x").write_text("9")

    assert restore(journal).summary == "nothing to restore"
    assert (files / "a/x").read_text() == "9"


def test_a_cgroup_that_is_gone_is_no_failure(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "b/x", "9"))
    (files / "b/x").unlink()
    (files / "b").rmdir()

    assert restore(journal).summary == "1 gone"


def test_what_fails_is_told_stays_in_the_journal_and_can_be_put_back_later(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"), write_of(files / "b/x", "9"))
    (files / "a/x").rename(files / "a/kept")
    (files / "a/x").mkdir()

    restoration = restore(journal)

    assert [failure.detail for failure in restoration.failures] == ["Is a directory"]
    assert (files / "b/x").read_text() == "3\n"
    (files / "a/x").rmdir()
    (files / "a/kept").rename(files / "a/x")
    assert restore(journal).summary == "1 restored"
    assert contents(files) == ORIGINAL


def test_what_can_only_be_put_back_after_something_else_is_tried_again(files: Path, path: Path) -> None:
    @dataclass(frozen=True, slots=True)
    class OnlyAfterX(FileWrite):
        """As a child's limit that may not exceed its parent's."""

        def undo(self, old: bytes) -> None:
            if self.place.endswith("y") and Path(self.place).with_name("x").read_text() != ORIGINAL["a/x"]:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            FileWrite.undo(self, old)

    kinds = {"file": OnlyAfterX}
    journal = written(path, write_of(files / "a/x", "9"), write_of(files / "a/y", "9"), kinds=kinds)

    assert restore(journal).summary == "2 restored"
    assert contents(files) == ORIGINAL


def test_a_plugin_that_raises_costs_only_its_own_places(files: Path, path: Path) -> None:
    class Buggy(FileWrite):
        @classmethod
        def from_record(cls, record: object) -> FileWrite | None:
            raise KeyError("oops")

    @dataclass(frozen=True, slots=True)
    class OfAnother(FileWrite):
        kind = "buggy"

    kinds = {"file": FileWrite, "buggy": Buggy}
    other = OfAnother(str(files / "a/x"), b"9", change_of("task"))
    journal = written(path, other, write_of(files / "b/x", "9"), kinds=kinds)

    restoration = restore(journal)

    assert [failure.detail for failure in restoration.failures] == ["KeyError: 'oops'"]
    assert contents(files) == ORIGINAL | {"a/x": "9"}


def test_what_a_package_that_was_uninstalled_wrote_stays_and_is_told(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"))

    restoration = restore(journal, {})

    assert restoration.failures[0].detail.startswith("nothing installed knows writes of kind 'file'")
    assert len(journal.entries) == 1


def test_a_dry_run_tells_and_changes_nothing(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"))
    journal.close()
    before = path.read_bytes()

    result = wca(*RESTORE, str(path), "--dry-run")

    assert result.stdout == (
        f"restored  {files}/a/x (cpu_shares of task): would be: from '9' to '1'\nwould be: 1 restored\n"
    )
    assert (result.returncode, path.read_bytes()) == (0, before)
    assert (files / "a/x").read_text() == "9"


def test_the_command_puts_back_what_an_agent_left(files: Path, path: Path) -> None:
    written(path, write_of(files / "a/x", "9"), write_of(files / "b/x", "9")).close()
    (files / "b/x").write_text("theirs\n")

    result = wca(*RESTORE, str(path))

    assert result.stdout.splitlines() == [
        f"theirs    {files}/b/x (cpu_shares of task): holds 'theirs', we wrote '9'",
        f"restored  {files}/a/x (cpu_shares of task): from '9' to '1'",
        "1 restored, 1 theirs",
    ]
    assert result.returncode == 0
    assert not path.exists()
    assert wca(*RESTORE, str(path)).stdout == f"nothing to restore: there is no {path}\n"


def test_the_command_ends_with_3_if_something_cannot_be_put_back(files: Path, path: Path) -> None:
    written(path, write_of(files / "a/x", "9")).close()
    (files / "a/x").unlink()
    (files / "a/x").mkdir()

    result = wca(*RESTORE, str(path))

    assert result.returncode == 3
    assert result.stdout.endswith("1 failed\n")
    assert f"what failed stays in {path}" in result.stderr
    assert path.exists()


def test_the_command_ends_with_1_on_a_file_that_is_no_journal_and_leaves_it(path: Path) -> None:
    path.write_text("riddle\n")

    result = wca(*RESTORE, str(path))

    assert result.returncode == 1
    assert f"{path}:1: a line of JSON expected, found b'riddle'; remove or mend that line" in result.stderr
    assert path.read_text() == "riddle\n"


def test_the_command_refuses_while_an_agent_uses_the_file(files: Path, path: Path) -> None:
    journal = written(path, write_of(files / "a/x", "9"))

    result = wca(*RESTORE, str(path))

    assert (result.returncode, journal.path in result.stderr) == (1, True)
    assert (files / "a/x").read_text() == "9"


@pytest.mark.skipif(os.geteuid() == 0, reason="the lock of root's agents is that of this whole machine")
def test_the_command_refuses_while_an_agent_holds_the_lock(files: Path, path: Path, tmp_path: Path) -> None:
    from wca_core.lock import only_agent

    written(path, write_of(files / "a/x", "9")).close()

    with only_agent(f"{tmp_path}/wca.lock", others=()):
        result = wca("restore", "--state-file", str(path), XDG_RUNTIME_DIR=str(tmp_path))

    assert result.returncode == 1
    assert "another agent runs on this node" in result.stderr
    assert "stop it first" in result.stderr
    assert (files / "a/x").read_text() == "9"
