"""One task's writes are made wholly or not at all: real files whose single operations are refused."""

import errno
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unreliable import KINDS, Trouble, UnreliableWrite, change_of, contents, made, no_file_larger_than, write_of
from wca_core.file_write import FileWrite
from wca_core.journal import Journal
from wca_core.model.allocation import AllocationType
from wca_core.model.statistics import Statistics
from wca_core.transaction import Bounds, Transaction


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"})


def transaction(journal: Journal | None = None, *, rollback: bool = True) -> Transaction:
    return Transaction(journal, None, Statistics(), rollback=rollback, bounds=Bounds(KINDS))


def test_a_task_gets_all_that_is_wanted(files: Path) -> None:
    outcome = transaction().apply([write_of(files / "a/x", "5"), write_of(files / "a/y", "6")])

    assert (outcome.tasks["task"].state, outcome.writes) == ("done", 2)
    assert contents(files) == {"a/x": "5", "a/y": "6", "b/x": "3\n"}


def test_what_a_task_has_already_is_not_written(files: Path) -> None:
    trouble = Trouble()

    outcome = transaction().apply([UnreliableWrite(write_of(files / "a/x", "1", spelling="number"), trouble)])

    assert (outcome.tasks["task"].state, outcome.writes) == ("done", 0)
    assert "do" not in trouble.counts


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.EINVAL, errno.ENOSPC, errno.ERANGE])
def test_a_refused_write_puts_back_the_task_and_no_other(files: Path, number: int) -> None:
    before = contents(files)
    refused = UnreliableWrite(write_of(files / "a/y", "6"), Trouble({"do": [0]}, number))
    statistics = Statistics()

    outcome = Transaction(None, None, statistics, bounds=Bounds(KINDS)).apply(
        [write_of(files / "a/x", "5"), refused, write_of(files / "b/x", "7", "other")]
    )

    name = errno.errorcode[number]
    assert outcome.tasks["task"].state == "undone"
    assert [(one.place, one.errno) for one in outcome.tasks["task"].failures] == [(refused.place, name)]
    assert outcome.tasks["other"].state == "done"
    assert contents(files) == before | {"b/x": "7"}
    assert statistics.write_errors == {("cpu_shares", name): 1}
    assert statistics.rollbacks == {"cpu_shares": 1}
    assert statistics.writes == {"cpu_shares": 2}


def test_a_write_with_another_effect_is_put_back(files: Path) -> None:
    before = contents(files)

    @dataclass(frozen=True, slots=True)
    class Deaf(FileWrite):
        def verify(self, read_back: bytes) -> bool:
            return False

    outcome = transaction().apply(
        [write_of(files / "a/x", "5"), Deaf(str(files / "a/y"), b"isolated invalid", change_of("task"))]
    )

    failure = outcome.tasks["task"].failures[0]
    assert (failure.errno, failure.detail) == ("verify", "taken, but then it held 'isolated invalid'")
    assert contents(files) == before


def test_a_missing_file_of_a_cgroup_that_is_there_is_a_failure(files: Path) -> None:
    outcome = transaction().apply([write_of(files / "a/missing", "1")])

    assert outcome.tasks["task"].state == "undone"
    assert outcome.tasks["task"].failures[0].errno == "ENOENT"


def test_a_vanished_cgroup_is_no_failure_and_only_told_to_who_debugs(
    files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    statistics = Statistics()

    with caplog.at_level(logging.DEBUG, "wca.transaction"):
        outcome = Transaction(None, None, statistics, bounds=Bounds(KINDS)).apply(
            [write_of(files / "a/x", "5"), write_of(files / "gone/x", "1")]
        )

    assert outcome.tasks["task"].state == "gone"
    assert statistics.write_errors == {}
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert (files / "a/x").read_text() == "1\n"


def test_a_cgroup_that_vanishes_after_the_journal_knows_of_it_is_gone(files: Path, tmp_path: Path) -> None:
    @dataclass(frozen=True, slots=True)
    class Vanishing(FileWrite):
        def do(self) -> None:
            os.unlink(self.place)
            os.rmdir(os.path.dirname(self.place))
            FileWrite.do(self)

    with_journal = transaction(Journal.open(str(tmp_path / "journal"), "boot", KINDS))

    outcome = with_journal.apply([Vanishing(str(files / "b/x"), b"1", change_of("task"))])

    assert outcome.tasks["task"].state == "gone"


def test_without_rollback_writes_are_independent(files: Path) -> None:
    refused = UnreliableWrite(write_of(files / "a/x", "5"), Trouble({"do": [0]}))

    outcome = transaction(rollback=False).apply([refused, write_of(files / "a/y", "6")])

    assert outcome.tasks["task"].state == "torn"
    assert contents(files) == {"a/x": "1\n", "a/y": "6", "b/x": "3\n"}


def test_a_plugin_whose_write_raises_something_else_costs_only_its_task(files: Path) -> None:
    @dataclass(frozen=True, slots=True)
    class Buggy(FileWrite):
        def do(self) -> None:
            raise KeyError("oops")

    outcome = transaction().apply([Buggy(str(files / "a/x"), b"5", change_of("a")), write_of(files / "b/x", "7", "b")])

    assert outcome.tasks["a"].failures[0].errno == "KeyError"
    assert outcome.tasks["b"].state == "done"


def test_a_failure_is_logged_once_until_it_changes_or_ends(files: Path, caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble({"do": range(100)})
    writes = [UnreliableWrite(write_of(files / "a/x", "5"), trouble)]
    steady = transaction()

    steady.apply(writes)
    steady.apply(writes)
    trouble.error = errno.EINVAL
    steady.apply(writes)
    trouble.is_over = True
    steady.apply(writes)
    trouble.is_over = False
    (files / "a/x").write_text("1\n")
    steady.apply(writes)

    assert [record.message.split(": ")[-1] for record in caplog.records] == [
        "Device or resource busy",
        "Invalid argument",
        "Invalid argument",
    ]


def test_what_belongs_to_no_task_is_a_unit_of_its_own(files: Path) -> None:
    outcome = transaction().apply([FileWrite(str(files / "a/x"), b"5"), write_of(files / "a/y", "6")])

    assert {task: one.state for task, one in outcome.tasks.items()} == {"": "done", "task": "done"}


def test_a_step_without_writes_does_nothing(files: Path, tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "journal"), "boot", KINDS)
    before = (tmp_path / "journal").stat().st_mtime_ns

    assert transaction(journal).apply([]).writes == 0
    assert (tmp_path / "journal").stat().st_mtime_ns == before


@pytest.mark.parametrize("room", [0, 10])
def test_without_a_journal_that_can_be_written_nothing_is(files: Path, tmp_path: Path, room: int) -> None:
    path = tmp_path / "journal"
    careful = transaction(Journal.open(str(path), "boot", KINDS))

    with no_file_larger_than(path.stat().st_size + room):
        outcome = careful.apply([write_of(files / "a/x", "5")])

    assert outcome.tasks["task"].state == "undone"
    assert (outcome.tasks["task"].failures[0].errno, outcome.writes) == ("EFBIG", 0)
    assert (files / "a/x").read_text() == "1\n"
    assert careful.apply([write_of(files / "a/x", "5")]).tasks["task"].state == "done"


def test_a_step_that_is_broken_off_leaves_no_task_half_done(files: Path) -> None:
    before = contents(files)

    @dataclass(frozen=True, slots=True)
    class Endless(FileWrite):
        def do(self) -> None:
            FileWrite.do(self)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transaction().apply(
            [
                write_of(files / "b/x", "7", "finished"),
                write_of(files / "a/x", "5"),
                Endless(str(files / "a/y"), b"6", change_of("task", AllocationType.CPU_QUOTA)),
            ]
        )

    assert contents(files) == before | {"b/x": "7"}
