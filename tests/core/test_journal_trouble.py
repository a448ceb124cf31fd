"""The journal when others meddle: its file is removed while the agent runs, or a kind cannot read its own records."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.unreliable import KINDS, made, write_of
from wca_core.allocating.keeping import Keeping
from wca_core.file_write import FileWrite
from wca_core.journal import Journal, restore
from wca_core.model.statistics import Statistics
from wca_core.model.write import Record
from wca_core.settings import AllocationSettings
from wca_core.testing import Machine
from wca_core.transaction import Bounds, Transaction, TransactionOutcome


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", {"a/x": "1\n", "a/y": "2\n"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal"


def opened(path: Path) -> Journal:
    return Journal.open(str(path), "boot", KINDS)


def written(journal: Journal, place: Path, content: str) -> TransactionOutcome:
    return Transaction(journal, None, Statistics(), bounds=Bounds(KINDS)).apply([write_of(place, content)])


@pytest.mark.parametrize("what", ["the file", "its directory"])
def test_a_journal_that_is_removed_while_it_is_used_is_there_again_before_the_next_write(
    files: Path, path: Path, what: str
) -> None:
    journal = opened(path)
    written(journal, files / "a/x", "5")
    path.unlink() if what == "the file" else shutil.rmtree(path.parent)

    written(journal, files / "a/y", "6")

    journal.close(keep=True)  # as `kill -9` leaves it
    left = Journal.look_into(str(path), "boot", KINDS)
    assert left is not None
    assert restore(left).summary == "2 restored"
    assert ((files / "a/x").read_text(), (files / "a/y").read_text()) == ("1\n", "2\n")


def test_a_journal_whose_name_another_agent_took_writes_nothing_and_leaves_the_others_alone(
    files: Path, path: Path
) -> None:
    journal = opened(path)
    path.unlink()
    with closing(opened(path)) as other:
        written(other, files / "a/x", "5")

        outcome = written(journal, files / "a/y", "6")

        assert outcome.tasks["task"].state == "undone"
        assert (files / "a/y").read_text() == "2\n"
        journal.close()
        assert path.exists()
        assert [Path(place).name for place, _ in other.entries] == ["x"]


class Forgetful(FileWrite):
    """A kind whose newer version does not know the records of the older one."""

    @classmethod
    def from_record(cls, record: Record) -> FileWrite | None:
        raise KeyError("content")


def test_a_kind_that_raises_at_its_own_record_keeps_nobody_from_starting(files: Path, path: Path) -> None:
    with closing(opened(path)) as journal:
        written(journal, files / "a/x", "5")

    with closing(Journal.open(str(path), "boot", {"file": Forgetful})) as adopted:
        assert [entry.before for entry in adopted.entries.values()] == [b"1\n"]
        assert adopted.torn() == []


def test_an_agent_that_was_not_asked_to_put_back_goes_on_with_a_new_journal_if_the_old_one_is_broken(
    tmp_path: Path, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(path.parent, {"journal": "no journal\n"})
    path.chmod(0o600)
    host = Machine(tmp_path / "machine").host()
    keeping = Keeping(host, AllocationSettings(), str(path))

    with caplog.at_level(logging.WARNING):
        keeping.open()

    assert "journal.broken-1" in caplog.text
    assert path.read_text().startswith('{"wca_journal"')
    assert keeping.close()
    assert not path.exists()


def test_where_the_cgroups_are_not_seen_nothing_is_taken_for_gone(tmp_path: Path, path: Path) -> None:
    """As for who calls `wca restore` outside of the container in which the agent saw them below another root."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as tree:
        if os.stat(tree).st_dev == os.stat(tmp_path).st_dev:
            pytest.skip("/dev/shm is no file system of its own here")
        made(Path(tree), {"a/x": "1\n"})
        root = tmp_path / "rootfs"
        root.symlink_to(tree)
        with closing(opened(path)) as journal:
            written(journal, root / "a/x", "5")
        root.unlink()

        outside = Journal.look_into(str(path), "boot", KINDS)

        assert outside is not None
        assert restore(outside).summary == "1 failed"
        outside.close()
        root.symlink_to(tree)
        with closing(opened(path)) as inside:
            assert restore(inside).summary == "1 restored"
        assert (Path(tree) / "a/x").read_text() == "1\n"
