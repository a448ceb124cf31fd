"""For any plan and any trouble: each task is wholly new or wholly old, restore gives the original, and nobody's
value is overwritten. With real files; killed processes are real ones too, and have no deadline."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unreliable import KINDS, Trouble, UnreliableWrite, contents, made, write_of
from wca_core.file_write import FileWrite
from wca_core.journal import Journal, restore
from wca_core.model.statistics import Statistics
from wca_core.model.write import Record
from wca_core.transaction import Bounds, Transaction

TASKS = ("a", "b", "c")
NAMES = ("x", "y", "z")
PLACES = [f"{task}/{name}" for task in TASKS for name in NAMES]

numbers = st.sets(st.integers(0, 12), max_size=4)
values = st.integers(0, 99).map(str)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value for a place, the task being the first letter of the place."""

    place: str
    value: str
    gives: bool


plans = st.lists(
    st.builds(Wanted, place=st.sampled_from(PLACES), value=values, gives=st.booleans()),
    max_size=9,
    unique_by=lambda wanted: wanted.place,
)
originals = st.fixed_dictionaries(dict.fromkeys(PLACES, values.map(lambda value: f"was {value}\n")))
troubles = st.builds(
    Trouble,
    refused=st.fixed_dictionaries({"do": numbers, "undo": numbers, "read": numbers}),
    is_late=st.booleans(),
)
one_refused_do = st.builds(
    Trouble, refused=st.fixed_dictionaries({"do": st.sets(st.integers(0, 12), max_size=1)}), is_late=st.booleans()
)


@contextmanager
def machine(files: dict[str, str]) -> Iterator[tuple[Path, Path]]:
    """A directory with these files, and a place for a journal."""
    with tempfile.TemporaryDirectory() as directory:
        yield made(Path(directory) / "files", files), Path(directory) / "journal"


def writes(files: Path, plan: Sequence[Wanted], trouble: Trouble) -> list[UnreliableWrite]:
    return [
        UnreliableWrite(write_of(files / one.place, one.value, one.place[0], gives=one.gives), trouble) for one in plan
    ]


def transaction(journal: Journal) -> Transaction:
    return Transaction(journal, None, Statistics(), bounds=Bounds(KINDS))


def opened(path: Path) -> Journal:
    return Journal.open(str(path), "boot", KINDS)


def of_task(task: str, state: dict[str, str]) -> dict[str, str]:
    return {place: value for place, value in state.items() if place[0] == task}


def after(state: dict[str, str], plan: Sequence[Wanted]) -> dict[str, str]:
    return state | {one.place: one.value for one in plan}


@settings(deadline=None)
@given(original=originals, first=plans, second=plans, trouble=one_refused_do)
def test_with_any_single_write_refused_each_task_is_wholly_new_or_wholly_old(
    original: dict[str, str], first: list[Wanted], second: list[Wanted], trouble: Trouble
) -> None:
    with machine(original) as (files, path):
        made = transaction(opened(path))
        made.apply(writes(files, first, Trouble()))
        before, wanted = contents(files), after(contents(files), second)

        outcome = made.apply(writes(files, second, trouble))

        for task, one in outcome.tasks.items():
            expected = {"done": wanted, "undone": before}[one.state]
            assert of_task(task, contents(files)) == of_task(task, expected)
        assert sum(one.state == "undone" for one in outcome.tasks.values()) <= 1


@settings(deadline=None)
@given(original=originals, plan=plans, trouble=troubles)
def test_where_undoing_is_refused_too_a_task_is_torn_and_mended_when_the_trouble_ends(
    original: dict[str, str], plan: list[Wanted], trouble: Trouble
) -> None:
    with machine(original) as (files, path):
        journal = opened(path)
        made = transaction(journal)

        outcome = made.apply(writes(files, plan, trouble))

        states = {task: one.state for task, one in outcome.tasks.items()}
        wanted = after(original, plan)
        for task, state in states.items():
            if state != "torn":
                expected = {"done": wanted, "undone": original}[state]
                assert of_task(task, contents(files)) == of_task(task, expected)
        trouble.is_over = True
        assert made.apply([]).tasks == {}
        for task, state in states.items():
            expected = wanted if state == "done" else original
            assert of_task(task, contents(files)) == of_task(task, expected)


@settings(deadline=None)
@given(original=originals, steps=st.lists(st.tuples(plans, troubles), max_size=4), is_restarted=st.booleans())
def test_restore_gives_the_original_after_any_steps_with_any_trouble(
    original: dict[str, str], steps: list[tuple[list[Wanted], Trouble]], is_restarted: bool
) -> None:
    with machine(original) as (files, path):
        journal = opened(path)
        made = transaction(journal)
        for plan, trouble in steps:
            made.apply(writes(files, plan, trouble))
            if is_restarted:
                journal.close()
                journal = opened(path)
                made = transaction(journal)

        restoration = restore(journal)

        assert restoration.failures == ()
        assert contents(files) == original
        assert restore(journal).places == ()


@settings(deadline=None)
@given(
    original=originals,
    steps=st.lists(st.tuples(plans, st.sets(st.sampled_from(PLACES))), min_size=1, max_size=4),
)
def test_what_somebody_else_wrote_last_is_never_overwritten_and_all_else_is_as_it_was_before_us(
    original: dict[str, str], steps: list[tuple[list[Wanted], set[str]]]
) -> None:
    with machine(original) as (files, path):
        journal = opened(path)
        made = transaction(journal)
        before_us = dict(original)
        for number, (plan, rewritten) in enumerate(steps):
            made.apply(writes(files, plan, Trouble()))
            for place in rewritten:
                before_us[place] = f"theirs {number}\n"
                (files / place).write_text(before_us[place])

        restore(journal)

        assert contents(files) == before_us


@settings(max_examples=60, deadline=None)
@given(
    original=originals,
    first=plans,
    second=plans.filter(bool),
    killed_at=st.integers(0, 30),
    is_late=st.booleans(),
    refused=numbers,
    torn_line=st.binary(max_size=30).filter(lambda line: b"\n" not in line),
    is_adopted=st.booleans(),
)
@example(
    original=dict.fromkeys(PLACES, "was 0\n"),
    first=[Wanted("a/x", "1", gives=False), Wanted("a/y", "1", gives=False)],
    second=[Wanted("a/x", "2", gives=False), Wanted("a/y", "2", gives=False)],
    killed_at=14,  # just after a/x was undone
    is_late=False,
    refused={3},
    torn_line=b"",
    is_adopted=False,
)
def test_after_a_kill_at_any_operation_restore_gives_the_original(
    original: dict[str, str],
    first: list[Wanted],
    second: list[Wanted],
    killed_at: int,
    is_late: bool,
    refused: set[int],
    torn_line: bytes,
    is_adopted: bool,
) -> None:
    with machine(original) as (files, path):
        trouble = Trouble({"do": refused}, is_late=is_late, killed_at=killed_at)
        run_in_a_process(path, files, [first, second], trouble)
        with path.open("ab") as journal_file:
            journal_file.write(torn_line)

        if is_adopted:
            journal = opened(path)
            transaction(journal).apply(writes(files, second, Trouble()))
        else:
            found = Journal.look_into(str(path), "boot", KINDS)
            assert found is not None
            journal = found
        restoration = restore(journal)

        assert restoration.failures == ()
        assert contents(files) == original


def run_in_a_process(path: Path, files: Path, plans: Sequence[Sequence[Wanted]], trouble: Trouble) -> None:
    """An agent that makes these plans, and is killed at one of the operations or comes to its end."""

    def run() -> None:
        made = transaction(opened(path))
        for plan in plans:
            made.apply(writes(files, plan, trouble))

    in_a_process(run)


def in_a_process(run: Callable[[], object]) -> None:
    """In a child, which may kill itself."""
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)


@settings(max_examples=40, deadline=None)
@given(original=originals, plan=plans.filter(bool), killed_at=st.integers(0, 30), is_late=st.booleans())
def test_a_restore_that_is_killed_is_finished_by_the_next(
    original: dict[str, str], plan: list[Wanted], killed_at: int, is_late: bool
) -> None:
    with machine(original) as (files, path):
        journal = opened(path)
        transaction(journal).apply(writes(files, plan, Trouble()))
        journal.close()
        trouble = Trouble(killed_at=killed_at, is_late=is_late)

        class Deadly(FileWrite):
            @classmethod
            def from_record(cls, record: Record) -> UnreliableWrite | None:  # type: ignore[override]
                write = FileWrite.from_record(record)
                return None if write is None else UnreliableWrite(write, trouble)

        in_a_process(lambda: restore(look_into(path), {"file": Deadly}))
        restoration = restore(look_into(path))

        assert restoration.failures == ()
        assert contents(files) == original


def look_into(path: Path) -> Journal:
    """The journal; an empty one if all was put back."""
    return Journal.look_into(str(path), "boot", KINDS) or opened(path)
