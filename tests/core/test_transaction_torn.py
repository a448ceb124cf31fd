"""Tasks whose undoing was refused too, in the steps after."""

from pathlib import Path

import pytest

from tests.unreliable import KINDS, Trouble, UnreliableWrite, contents, made, write_of
from wca_core.journal import Journal
from wca_core.model.statistics import Statistics
from wca_core.transaction import Bounds, Transaction


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"})


def transaction(journal: Journal | None = None, *, rollback: bool = True) -> Transaction:
    return Transaction(journal, None, Statistics(), rollback=rollback, bounds=Bounds(KINDS))


def torn(files: Path, journal: Journal | None = None) -> tuple[Transaction, Trouble]:
    """A transaction after a task was torn: x has the new value, and cannot have the old one until the trouble ends."""
    trouble = Trouble({"undo": range(100)})
    torn = transaction(journal)
    outcome = torn.apply(
        [
            UnreliableWrite(write_of(files / "a/x", "5"), trouble),
            UnreliableWrite(write_of(files / "a/y", "6"), Trouble({"do": [0]})),
        ]
    )
    assert outcome.tasks["task"].state == "torn"
    assert (files / "a/x").read_text() == "5"
    return torn, trouble


def test_a_torn_task_is_tried_again_in_later_steps(files: Path) -> None:
    before = contents(files)
    transaction, trouble = torn(files)

    assert transaction.apply([]).tasks["task"].state == "torn"
    trouble.is_over = True

    assert transaction.apply([]).tasks == {}
    assert contents(files) == before


def test_of_a_torn_task_nothing_else_is_written(files: Path) -> None:
    transaction, _ = torn(files)

    outcome = transaction.apply([write_of(files / "a/y", "7")])

    assert outcome.tasks["task"].state == "torn"
    assert (files / "a/y").read_text() == "2\n"


def test_a_plan_for_all_that_is_torn_makes_a_task_whole(files: Path) -> None:
    transaction, _ = torn(files)

    outcome = transaction.apply([write_of(files / "a/x", "8"), write_of(files / "a/y", "7")])

    assert outcome.tasks["task"].state == "done"
    assert contents(files) == {"a/x": "8", "a/y": "7", "b/x": "3\n"}
    assert transaction.apply([]).tasks == {}


def test_a_plan_for_what_is_torn_that_fails_too_goes_back_to_what_was_before_all(files: Path) -> None:
    before = contents(files)
    transaction, _ = torn(files)

    outcome = transaction.apply(
        [write_of(files / "a/x", "8"), UnreliableWrite(write_of(files / "a/y", "7"), Trouble({"do": [0]}))]
    )

    assert outcome.tasks["task"].state == "undone"
    assert contents(files) == before


def test_what_somebody_else_wrote_over_a_torn_value_stays(files: Path) -> None:
    transaction, trouble = torn(files)
    (files / "a/x").write_text("theirs")
    trouble.is_over = True

    assert transaction.apply([]).tasks == {}
    assert (files / "a/x").read_text() == "theirs"


def test_what_is_torn_is_known_to_the_next_agent_and_put_back_by_it(files: Path, tmp_path: Path) -> None:
    before = contents(files)
    journal = Journal.open(str(tmp_path / "journal"), "boot", KINDS)
    torn(files, journal)
    journal.close()

    transaction(Journal.open(str(tmp_path / "journal"), "boot", KINDS)).apply([])

    assert contents(files) == before
