"""What is checked and ordered before the first write."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unreliable import KINDS, change_of, contents, made, write_of
from wca_core.journal import Journal
from wca_core.model.statistics import Statistics
from wca_core.model.write import Write
from wca_core.testing import Machine
from wca_core.transaction import Bounds, Transaction, bounds_of


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"})


def transaction(journal: Journal | None = None, *, rollback: bool = True) -> Transaction:
    return Transaction(journal, None, Statistics(), rollback=rollback, bounds=Bounds(KINDS))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A write that only says that it was made."""

    name: str
    made: list[str]
    task_id: str = "t"
    gives: bool = False
    reversible: bool = True
    kind: str = "file"

    place = property(lambda self: self.name)
    change = property(lambda self: change_of(self.task_id))

    def read(self) -> bytes:
        return b"new" if self.name in self.made else b"old"

    def do(self) -> None:
        self.made.append(self.name)

    def undo(self, old: bytes) -> None:
        self.made.remove(self.name)

    def verify(self, read_back: bytes) -> bool:
        return read_back == b"new"

    def record(self) -> dict[str, str | int]:
        return {"name": self.name}

    @classmethod
    def from_record(cls, record: object) -> None:
        return None


def test_givers_go_first_then_takers_then_what_cannot_be_undone_each_by_task_id() -> None:
    made: list[str] = []
    writes: list[Write] = [
        Recorded("moves pages", made, "a", reversible=False),
        Recorded("b takes", made, "b"),
        Recorded("a takes later", made, "a"),
        Recorded("a takes earlier", made, "a"),
        Recorded("b gives", made, "b", gives=True),
    ]

    transaction().apply(writes)

    assert made == ["b gives", "a takes later", "a takes earlier", "b takes", "moves pages"]


def test_two_contents_for_one_place_refuse_both_tasks_and_no_third(files: Path) -> None:
    before = contents(files)

    outcome = transaction().apply(
        [write_of(files / "a/x", "5", "a"), write_of(files / "a/x", "6", "b"), write_of(files / "b/x", "7", "c")]
    )

    assert [outcome.tasks[task].failures[0].errno for task in ("a", "b")] == ["plan", "plan"]
    assert "a and b want different content" in outcome.tasks["a"].failures[0].detail
    assert contents(files) == before | {"b/x": "7"}


def test_a_write_planned_twice_is_made_once(files: Path) -> None:
    outcome = transaction().apply([write_of(files / "a/x", "5"), write_of(files / "a/x", "5")])

    assert (outcome.tasks["task"].state, outcome.writes) == ("done", 1)


def test_a_kind_that_could_not_be_put_back_later_is_refused(files: Path) -> None:
    made: list[str] = []

    outcome = transaction().apply([Recorded("/x", made, kind="riddle"), write_of(files / "a/x", "5", "t")])

    assert "kind 'riddle' could not be put back later" in outcome.tasks["t"].failures[0].detail
    assert (made, (files / "a/x").read_text()) == ([], "1\n")


@pytest.mark.parametrize("place", ["/etc/passwd", "{files}/a/../../x", "{files}"])
def test_a_place_outside_what_is_allowed_is_refused(files: Path, place: str) -> None:
    made: list[str] = []
    inside = Transaction(None, None, Statistics(), bounds=Bounds(KINDS, [str(files)]))

    outcome = inside.apply([Recorded(place.format(files=files), made), write_of(files / "b/x", "7", "other")])

    assert f"is not below {files}" in outcome.tasks["t"].failures[0].detail
    assert (outcome.tasks["other"].state, made) == ("done", [])


def test_on_a_machine_only_cgroups_and_resctrl_are_written(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.weight": "100\n"}).file("/etc/passwd", "root\n")
    bounded = Transaction(None, None, Statistics(), bounds=bounds_of(machine.host()))
    inside = tmp_path / "sys/fs/cgroup/a/cpu.weight"

    outcome = bounded.apply([write_of(inside, "1", "a"), write_of(tmp_path / "etc/passwd", "evil", "b")])

    assert {task: one.state for task, one in outcome.tasks.items()} == {"a": "done", "b": "undone"}
    assert (tmp_path / "etc/passwd").read_text() == "root\n"


def test_a_rehearsal_writes_nothing(files: Path) -> None:
    before = contents(files)

    outcome = transaction().rehearse([write_of(files / "a/x", "5"), Recorded("/x", [], kind="riddle")])

    assert {task: one.state for task, one in outcome.tasks.items()} == {"task": "planned", "t": "undone"}
    assert contents(files) == before
