"""Plugins that allocate and are not to be trusted: whatever they give, the agent goes on and the others get theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.file_control import FileControl, wish
from tests.scenery import Scenery, made_in, quota
from wca_core.file_write import FileWrite
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.write import Change
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import running


@pytest.fixture
def scenery(tmp_path: Path) -> Scenery:
    return made_in(tmp_path)


class Sullen:
    """Refuses to be compared, shown, hashed or counted."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    def __repr__(self) -> str:
        raise RuntimeError("no words")

    def __bool__(self) -> bool:
        raise ValueError("neither")


STRANGE = [Sullen(), 10**5000, [Sullen()], [10**5000], {"a": Sullen()}, -(10**400), float("nan"), b"\xff", object()]


@pytest.mark.parametrize("kind", list(AllocationType))
@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_a_strange_value_costs_only_its_task(scenery: Scenery, kind: AllocationType, number: int) -> None:
    scenery.allocator.wishes = [Allocation("/a", kind, STRANGE[number]), wish("/b", "cpu_quota", 0.5)]

    first, second = scenery.steps(2, on_invalid="ignore_task")

    assert (quota(first, "/b"), quota(second, "/b")) == (0.5, 0.5)
    assert second.value("allocations_errors") == 2


@plugin(api=1)
@dataclass(eq=False)
class Liar(FileControl):
    """Accepts quotas, and plans and answers nonsense."""

    answers: list[object] = field(default_factory=list)
    make: object = None

    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> Iterator[object]:
        yield from self.answers
        for change in changes:
            if change.wanted.type is AllocationType.CPU_QUOTA:
                yield change.wanted

    @hookimpl
    def plan_writes(self, changes: Sequence[Change]) -> Iterator[object]:
        assert callable(self.make)
        for change in changes:
            yield self.make(change, self.path(change.task.task_id, change.wanted.type))


def refusal(task_id: object, kind: object, reason: object = "no") -> object:
    """Made past its own check."""
    made = object.__new__(Refusal)
    for name, value in {"task_id": task_id, "type": kind, "reason": reason, "is_unsupported": False}.items():
        object.__setattr__(made, name, value)
    return made


ANSWERS = [Sullen(), 10**5000, None, refusal([], {}), refusal(Sullen(), "x"), refusal("/a", "cpu_quota", Sullen())]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_a_strange_answer_costs_only_itself(scenery: Scenery, number: int) -> None:
    answer = ANSWERS[number]
    liar = Liar(scenery.control.root, answers=[answer], make=lambda change, path: FileWrite(str(path), b"0.5", change))
    scenery.more = [liar]
    scenery.control.failing = {"check_allocations"}
    scenery.allocator.wishes = [wish("/b", "cpu_quota", 0.5)]

    (step,) = scenery.steps()

    assert quota(step, "/b") == 0.5
    assert step.statistics.plugins["liar"].errors["check_allocations"] == 1


@plugin(api=1)
class Reader:
    @hookimpl
    def read_allocations(self) -> list[object]:
        return [Sullen(), wish("/a", "cpu_burst", 0.5), wish("/a", "memory_low", Sullen())]


def test_a_strange_thing_that_is_read_is_counted_and_the_rest_is_told(scenery: Scenery) -> None:
    scenery.more = [Reader()]

    (step,) = scenery.steps()

    assert (step.value("allocation_cpu_burst", "/a"), quota(step)) == (0.5, 1.0)
    assert step.value("allocation_memory_low", "/a") is None
    assert step.statistics.plugins["reader"].errors["read_allocations"] == 1


def test_a_refusal_is_checked_where_it_is_made() -> None:
    with pytest.raises(Exception, match="a task id and an AllocationType expected"):
        Refusal([], AllocationType.CPU_QUOTA, "no")  # type: ignore[arg-type]


class Odd:
    """A write whose properties are not what they should be."""

    kind: object = "file"
    place: object = "/nowhere"
    gives: object = False
    reversible: object = True

    def __init__(self, change: Change, **properties: object) -> None:
        self.change = change
        self.__dict__.update(properties)

    def read(self) -> bytes:
        return b""

    def do(self) -> None:
        pass

    def undo(self, old: bytes) -> None:
        pass

    def verify(self, read_back: bytes) -> bool:
        return False

    def record(self) -> dict[str, str | int]:
        return {}


class Raising(Odd):
    """A property raises."""

    @property
    def gives(self) -> bool:  # type: ignore[override]
        raise RuntimeError("who knows")


class NoPlace:
    """Half a write."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def do(self) -> None:
        pass


class RaisingChange:
    @property
    def change(self) -> Change:
        raise RuntimeError("who knows")

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "make",
    [
        lambda change, path: Odd(change, place=path),
        lambda change, path: Odd(change, place=[str(path)]),
        lambda change, path: Odd(change, place=Sullen()),
        lambda change, path: Odd(change, place=str(path), kind=[]),
        lambda change, path: Odd(change, place=str(path), reversible=Sullen()),
        lambda change, path: Odd(change, place=str(path), record=lambda: Sullen()),
        lambda change, path: Odd(change, place=str(path), read=lambda: "text"),
        lambda change, path: Odd(change, place=str(path), read=lambda: None),
        lambda change, path: Odd(change, place=str(path), verify=lambda found: Sullen()),
        lambda change, path: Raising(change, place=str(path)),
        lambda change, path: NoPlace(change),
        lambda change, path: RaisingChange(),
        lambda change, path: Sullen(),
    ],
)
@pytest.mark.parametrize("is_dry", [False, True])
def test_a_strange_write_costs_only_its_task(scenery: Scenery, tmp_path: Path, make: object, is_dry: bool) -> None:
    liar = Liar(scenery.control.root, make=make)
    scenery.control, other = liar, scenery.control
    scenery.more = [other]
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5), wish("/b", "cpu_shares", 4)]

    steps = scenery.steps(2, restore_state_file=str(tmp_path / "journal"), dry_run=is_dry)

    assert other.get("/a", "cpu_quota") == "1.0"
    assert other.get("/b", "cpu_shares") == ("1.0" if is_dry else "4")
    assert quota(steps[-1]) == 1.0


def test_a_list_that_its_allocator_goes_on_changing_is_taken_as_it_was(scenery: Scenery) -> None:
    cpus = [0, 1]
    scenery.control.repeats = True
    scenery.allocator.wishes = [Allocation("/a", AllocationType.CPUSET_CPUS, cpus)]
    plugins = [scenery.control, scenery.allocator]

    with running(scenery.machine, plugins, scenery.tasks) as agent:
        scenery.step(agent)
        scenery.step(agent)
        cpus.append(2)
        scenery.step(agent)

    assert scenery.control.get("/a", "cpuset_cpus") == "0,1,2"
