"""The application as somebody at a terminal meets it: real keys, and steps made of real samples."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot
from textual.widgets import Static
from wca_top.app import TopApp
from wca_top.screens import Page, TaskPage, task_text
from wca_top.table import MARK, TaskTable

from plugins.wca_top.tests.given import GivenSteps
from wca_core.errors import StartError
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.overview import TaskRow

TASKS = {"web-1": 0.5, "db": 1.25, "idle": 0.0}
PATIENCE = 20.0


@dataclass
class Person:
    """Somebody who looks at the application and presses keys."""

    app: TopApp
    pilot: Pilot[None]
    source: GivenSteps

    async def sees(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is to be seen."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not is_so():
            assert asyncio.get_running_loop().time() < deadline, self.screen
            await self.pilot.pause(0.01)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def table(self) -> list[str]:
        """The lines of the table that are not empty, titles first."""
        table = self.app.screen_stack[0].query_one(TaskTable)
        return [line for y in range(table.size.height) if (line := table.render_line(y).text.rstrip())]

    @property
    def names(self) -> list[str]:
        return [line.lstrip(MARK).split()[0] for line in self.table[1:]]

    def text(self, name: str) -> str:
        return str(self.app.screen.query_one(f"#{name}", Static).content)

    @property
    def screen(self) -> str:
        return "\n".join(
            [self.text("text")] if isinstance(self.app.screen, Page) else [self.text("machine"), *self.table]
        )


def at_the_terminal(
    act: Callable[[Person], Awaitable[None]], *, size: tuple[int, int] = (80, 24), messages: tuple[str, ...] = ()
) -> TopApp:
    """Run the application, with two steps of `TASKS` to begin with, while somebody acts."""

    async def run() -> TopApp:
        source = GivenSteps()
        app = TopApp(source, messages)
        async with app.run_test(size=size) as pilot:
            source.give(TASKS)
            source.give(TASKS, memory={"web-1": 300 * 2**20, "db": 2**30})
            person = Person(app, pilot, source)
            await person.sees(lambda: len(person.table) == 4 and "MEM" in person.table[0])
            await act(person)
        assert app.end_source()
        assert source.is_stopped.is_set() or app.error is not None
        return app

    return asyncio.run(run())


def test_tasks_are_sorted_by_the_cpus_they_use() -> None:
    async def act(person: Person) -> None:
        assert person.names == ["db", "web-1", "idle"]
        assert "1.25" in person.table[1]
        assert person.text("machine").startswith("test-host · ")
        assert "of 4" in person.text("machine")

    at_the_terminal(act)


def test_columns_without_any_data_are_not_there_and_come_with_data() -> None:
    async def act(person: Person) -> None:
        assert person.table[0].split() == ["TASK", "CPU▼", "MEM"]
        person.source.give(TASKS, cache={"db": 5 * 2**20})
        await person.sees(lambda: person.table[0].split() == ["TASK", "CPU▼", "CACHE"])
        assert "5.0M" in person.table[1]

    at_the_terminal(act)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["n"], ["db", "idle", "web-1"]),
        (["n", "r"], ["web-1", "idle", "db"]),
        (["r"], ["idle", "web-1", "db"]),
        (["c"], ["idle", "web-1", "db"]),
        (["m"], ["db", "web-1", "idle"]),
        (["m", "m"], ["web-1", "db", "idle"]),
        ([">"], ["db", "web-1", "idle"]),
        (["<"], ["db", "idle", "web-1"]),
    ],
)
def test_keys_choose_the_order(keys: list[str], names: list[str]) -> None:
    async def act(person: Person) -> None:
        await person.press(
            *("less_than_sign" if key == "<" else "greater_than_sign" if key == ">" else key for key in keys)
        )
        assert person.names == names

    at_the_terminal(act)


def test_a_click_on_a_title_sorts_by_it() -> None:
    async def act(person: Person) -> None:
        at = person.table[0].index("TASK")
        await person.pilot.click(TaskTable, offset=(at, 0))
        await person.sees(lambda: person.names == ["db", "idle", "web-1"])

    at_the_terminal(act)


@pytest.mark.parametrize(("text", "names"), [("WEB", ["web-1"]), ("app=d", ["db"]), ("/idle", ["idle"]), ("none", [])])
def test_a_filter_leaves_tasks_whose_name_id_or_label_has_the_text(text: str, names: list[str]) -> None:
    async def act(person: Person) -> None:
        await person.press("slash", *("slash" if one == "/" else "equals_sign" if one == "=" else one for one in text))
        await person.press("enter")
        assert person.names == names
        assert repr(text) in person.text("machine")
        await person.press("escape")
        assert len(person.names) == 3

    at_the_terminal(act)


def test_a_pause_keeps_what_is_shown_until_it_ends() -> None:
    async def act(person: Person) -> None:
        await person.press("space")
        person.source.give({"newcomer": 1.0})
        person.source.tell("a sign that the step has come")
        await person.sees(lambda: bool(person.text("trouble")))
        assert "newcomer" not in person.names
        assert "PAUSED" in person.text("machine")
        await person.press("space")
        assert person.names == ["newcomer"]

    at_the_terminal(act)


def test_enter_shows_labels_and_history_of_the_marked_task_which_go_on() -> None:
    async def act(person: Person) -> None:
        await person.press("down", "enter")
        await person.sees(lambda: isinstance(person.app.screen, TaskPage))
        assert "id /web-1" in person.text("text")
        assert "app=web" in person.text("text")
        assert "highest 0.50" in person.text("text")
        person.source.give({**TASKS, "web-1": 3.5})
        await person.sees(lambda: "highest 3.50" in person.text("text"))
        person.source.give({"db": 1.0})
        await person.sees(lambda: "gone since" in person.text("text"))
        await person.press("escape")
        assert person.names == ["db"]

    at_the_terminal(act)


def test_the_mark_stays_with_its_task_when_the_order_changes() -> None:
    async def act(person: Person) -> None:
        await person.press("down")
        person.source.give({**TASKS, "web-1": 3.5})
        await person.sees(lambda: person.names[0] == "web-1")
        assert [line[0] for line in person.table[1:]] == [MARK, " ", " "]

    at_the_terminal(act)


def test_anomalies_are_shown_as_they_happen_and_listed_all() -> None:
    async def act(person: Person) -> None:
        found = Anomaly(contended_task_id="/web-1", contending_task_ids=("/db",), resource=ContendedResource.LLC)
        person.source.give(TASKS, anomalies=[found])
        await person.sees(lambda: "anomaly: web-1 suffers, cache: /db" in person.text("events"))
        await person.press("a")
        assert "web-1 suffers" in person.text("text")

    at_the_terminal(act)


def test_trouble_of_the_source_is_told_until_it_is_over() -> None:
    async def act(person: Person) -> None:
        person.source.tell("it does not answer")
        await person.sees(lambda: person.text("trouble") == "it does not answer")
        person.source.tell("")
        await person.sees(lambda: not person.app.query_one("#trouble").display)

    at_the_terminal(act)


def test_trouble_may_come_while_a_task_is_looked_at() -> None:
    async def act(person: Person) -> None:
        await person.press("enter")
        person.source.tell("it does not answer")
        person.source.give({"db": 2.0})
        await person.sees(lambda: "highest 2.00" in person.text("text"))
        await person.press("escape")
        assert person.text("trouble") == "it does not answer"

    at_the_terminal(act)


def test_names_of_wide_characters_leave_the_columns_in_their_places() -> None:
    async def act(person: Person) -> None:
        for _ in range(2):
            person.source.give({"端末端末": 1.0, "abc": 0.5})
        await person.sees(lambda: "1.00" in person.table[1])
        wide, narrow = person.table[1:]
        assert wide.index("1.00") + 4 == narrow.index("0.50")

    at_the_terminal(act)


def test_a_value_that_is_long_not_known_any_more_is_left_out_of_the_plots() -> None:
    rows = [TaskRow(task_id="a", name="a", cpus=1.0, cache_bytes=5.0), *[TaskRow(task_id="a", name="a", cpus=2.0)] * 50]

    text = task_text(rows, 40).plain

    assert "CPUs used" in text
    assert "cache" not in text


def test_a_source_that_cannot_go_on_ends_the_application_with_its_error() -> None:
    async def act(person: Person) -> None:
        person.source.fail(StartError("another agent runs"))
        await person.sees(lambda: person.app.error is not None)

    assert str(at_the_terminal(act).error) == "another agent runs"


def test_the_help_tells_every_key_and_keys_of_the_table_do_nothing_in_it() -> None:
    async def act(person: Person) -> None:
        await person.press("question_mark")
        for word in ("Space", "pause", "sort by", "THR%", "IPC"):
            assert word in person.text("text")
        await person.press("n", "space")
        await person.press("escape")
        assert person.names == ["db", "web-1", "idle"]
        assert "PAUSED" not in person.text("machine")

    at_the_terminal(act)


def test_log_records_are_shown_when_asked_for() -> None:
    async def act(person: Person) -> None:
        await person.press("l")
        assert "psi is missing" in person.text("text")

    at_the_terminal(act, messages=("12:00:00 WARNING wca.psi: psi is missing",))


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60), (1, 1)])
def test_it_fits_into_any_terminal(size: tuple[int, int]) -> None:
    async def run() -> None:
        source = GivenSteps()
        app = TopApp(source)
        async with app.run_test(size=size) as pilot:
            names = [f"a-task-with-a-rather-long-name-{number}" for number in range(100)]
            for _ in range(3):
                source.give(dict.fromkeys(names, 0.25), memory=dict.fromkeys(names, 5), cache=dict.fromkeys(names, 5))
            person = Person(app, pilot, source)
            await person.sees(lambda: "100 tasks" in person.text("machine"))
            await person.press("end", "pageup", "home", "pagedown")
            table = app.query_one(TaskTable)
            assert max((len(table.render_line(y).text) for y in range(table.size.height)), default=0) <= size[0]
        app.end_source()

    asyncio.run(run())


def test_a_terminal_that_grows_shows_more_columns() -> None:
    async def act(person: Person) -> None:
        person.source.give(TASKS, memory=dict.fromkeys(TASKS, 1.0), cache=dict.fromkeys(TASKS, 1.0))
        await person.sees(lambda: person.table[0].split() == ["TASK", "CPU▼"])
        await person.pilot.resize_terminal(120, 30)
        await person.sees(lambda: person.table[0].split() == ["TASK", "CPU▼", "MEM", "CACHE"])

    async def grown() -> None:
        source = GivenSteps()
        app = TopApp(source)
        async with app.run_test(size=(38, 24)) as pilot:
            source.give(TASKS)
            await act(Person(app, pilot, source))
        app.end_source()

    asyncio.run(grown())


def test_a_name_cannot_give_orders_to_the_terminal() -> None:
    async def act(person: Person) -> None:
        person.source.give({"\x1b[2Jboo\nhoo": 3.0})
        await person.sees(lambda: person.names == ["?[2Jboo?hoo"])
        await person.press("enter")
        assert "\x1b" not in person.text("text")

    at_the_terminal(act)


def test_q_ends_it_and_the_source() -> None:
    async def act(person: Person) -> None:
        await person.press("q")

    assert at_the_terminal(act).error is None
