"""The screens over the table: one task with its history, and pages of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from wca_core.overview import TaskRow
from wca_core.overview.columns import COLUMNS, Column
from wca_core.overview.text import clock, printable
from wca_top.plots import plot

HEIGHT = 3
"""Lines of a plot."""


class Page(Screen[None]):
    """Text that may be scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "back", "Back", key_display="Esc"),
        Binding("ctrl+c", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    Page > VerticalScroll { height: 1fr; padding: 0 1; }
    """

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._text, id="text")
        yield Footer()

    def action_back(self) -> None:
        self.dismiss()

    def put(self, text: Text) -> None:
        """Show another text."""
        self._text = text
        if self.is_mounted:
            self.query_one("#text", Static).update(text)


class TaskPage(Page):
    """One task: labels, and a plot of everything that is known about it."""

    def __init__(self, task_id: str, rows: Sequence[TaskRow]) -> None:
        super().__init__(Text())
        self.task_id = task_id
        self._rows = rows
        self._gone_since: float | None = None

    def show(self, rows: Sequence[TaskRow], now: float) -> None:
        """What is known now; nothing if the task is gone."""
        if rows:
            self._rows, self._gone_since = rows, None
        elif self._gone_since is None:
            self._gone_since = now
        self._draw()

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._rows:
            self.put(task_text(self._rows, max(20, self.size.width - 4), self._gone_since))


def task_text(rows: Sequence[TaskRow], width: int, gone_since: float | None = None) -> Text:
    """The newest row is the last."""
    row = rows[-1]
    text = Text(printable(row.name), style="bold")
    if gone_since is not None:
        text.append(f"   gone since {clock(gone_since)}", style="reverse")
    text.append(f"\nid {printable(row.task_id)}\n", style="not bold")
    for name, value in sorted(row.labels.items()):
        text.append(f"{printable(name)}=", style="dim").append(f"{printable(value)}\n", style="not bold not dim")
    for column in COLUMNS:
        values = [column.value(one) for one in rows[-width:]]
        if any(value is not None for value in values):
            text.append("\n")
            for line in _plotted(column, values, width):
                text.append_text(line)
    return text


def _plotted(column: Column, values: Sequence[float | None], width: int) -> Iterator[Text]:
    known = [value for value in values if value is not None]
    now = column.spelled(values[-1])
    title = Text(f"{column.title:<6} {now:>6}", style="bold")
    lowest, highest = (column.spelled(value) for value in (min(known), max(known)))
    yield title.append(f"   {column.meaning} · lowest {lowest}, highest {highest}\n", style="not bold")
    for line in plot(values, width, HEIGHT):
        yield Text(f"{line}\n", style="green")


def listed(title: str, lines: Sequence[str], otherwise: str) -> Text:
    """A page of lines, or what to say if there are none."""
    return Text(f"{title}\n\n", style="bold").append("\n".join(lines) or otherwise, style="not bold")
