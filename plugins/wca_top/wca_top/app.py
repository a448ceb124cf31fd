"""The application: what a source gives is shown as it comes, and keys change what is seen of it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from wca_core.overview import Event, Overview
from wca_core.overview.columns import COLUMNS, with_data
from wca_core.overview.text import clock, counted, printable
from wca_top.chosen import Choice
from wca_top.history import History
from wca_top.keys import BINDINGS, HELP
from wca_top.machine import machine_text
from wca_top.relay import Ended, Relay, Shown, Told
from wca_top.screens import Page, TaskPage, listed
from wca_top.source import Paced, Source
from wca_top.table import TaskTable

EVENTS_SHOWN = 3
OF_TABLE = frozenset(["help", "filter", "pause", "sort_by", "reverse", "events", "messages", "all_tasks", "sort"])
"""Actions."""
OF_PACED = frozenset(["change_speed", "leap"])
"""Actions of a source whose time is not that of the clock."""


class TopApp(App[None]):
    """`wca top` on a terminal. After it has ended, `error` is why the source ended, if it did."""

    CSS = """
    #machine { height: auto; padding: 0 0 1 0; }
    #trouble { height: auto; display: none; text-style: reverse; }
    #events { height: auto; max-height: 4; display: none; border-top: solid $secondary; }
    #filter { height: 1; border: none; padding: 0; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, source: Source, messages: Sequence[str] = ()) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._source = source
        self._messages = messages
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="source", daemon=True)
        self._history = History()
        self._choice = Choice()
        self._newest: Overview | None = None
        self._seen: Overview | None = None
        """What is shown: while paused, not the newest."""
        self._is_paused = False

    # -- the source's thread ------------------------------------------------------------------

    def _follow(self) -> None:
        try:
            self._source.run(Relay(self), self._stop)
        except Exception as error:  # noqa: BLE001  told in the thread of the application, which then ends
            self.post_message(Ended(error))

    # -- the application's thread -------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Static(id="machine")
        yield Static(id="trouble")
        yield TaskTable(self._history, self._choice)
        yield Static(id="events")
        yield Input(id="filter", placeholder="part of a name, id or label", compact=True)
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What changes the table is out of reach while another screen is over it."""
        if action in OF_PACED:
            return isinstance(self._source, Paced)
        return len(self.screen_stack) == 1 or action not in OF_TABLE

    def on_mount(self) -> None:
        self.title = f"wca top · {self._source.title}"
        self._draw()
        self._base.query_one(TaskTable).focus()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._thread.start()

    def end_source(self, patience: float = 10.0) -> bool:
        """Let the source end what it does; whether it did in this time [seconds]."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(patience)
        return not self._thread.is_alive()

    def on_shown(self, message: Shown) -> None:
        self._newest = message.overview
        self._history.add(message.overview)
        if not self._is_paused:
            self._seen = message.overview
            self._draw()

    def on_told(self, message: Told) -> None:
        trouble = self._base.query_one("#trouble", Static)
        trouble.update(Text(message.trouble))
        trouble.display = bool(message.trouble)

    def on_ended(self, message: Ended) -> None:
        self.error = message.error
        self.exit()

    def on_task_table_opened(self, message: TaskTable.Opened) -> None:
        self.push_screen(TaskPage(message.task_id, self._history.of(message.task_id)))

    def on_task_table_sorted_by(self, message: TaskTable.SortedBy) -> None:
        self.action_sort(message.key)

    def on_input_changed(self, message: Input.Changed) -> None:
        self._choice.pattern = message.value
        self._draw()

    def on_input_submitted(self) -> None:
        self._close_filter()

    def action_filter(self) -> None:
        field = self._base.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_all_tasks(self) -> None:
        self._base.query_one("#filter", Input).value = ""
        self._close_filter()

    def action_pause(self) -> None:
        self._is_paused = not self._is_paused
        self._seen = self._seen if self._is_paused else self._newest
        if isinstance(self._source, Paced):
            self._source.hold(self._is_paused)
        self._draw()

    def action_change_speed(self, factor: float) -> None:
        if isinstance(self._source, Paced):
            self._source.change_speed(factor)
        self._draw()

    def action_leap(self) -> None:
        if isinstance(self._source, Paced):
            self._source.leap()

    def action_sort(self, key: str) -> None:
        self._choice.sort(key)
        self._draw()

    def action_sort_by(self, step: int) -> None:
        self._choice.sort_beside(step, with_data(self._seen.tasks) if self._seen else COLUMNS)
        self._draw()

    def action_reverse(self) -> None:
        self._choice.is_reversed = not self._choice.is_reversed
        self._draw()

    def action_help(self) -> None:
        width = max(len(keys) for keys, _ in HELP)
        lines = [f"{keys:<{width}}  {what}" for keys, what in HELP]
        lines += ["", *(f"{column.title:<{width}}  {column.meaning}" for column in COLUMNS)]
        lines += ["", "Columns without data, and those without room, are left out; - is what is not known."]
        self.push_screen(Page(listed("wca top", lines, "")))

    def action_events(self) -> None:
        found = [_event_line(event) for event in reversed(self._seen.events)] if self._seen else []
        self.push_screen(Page(listed("Anomalies and changes of allocations, the newest first", found, "None yet.")))

    def action_messages(self) -> None:
        self.push_screen(Page(listed("Warnings and errors", [printable(one) for one in self._messages], "None.")))

    @property
    def _base(self) -> Screen[object]:
        """The screen of the table, also while another is over it."""
        return self.screen_stack[0]

    def _close_filter(self) -> None:
        self._base.query_one("#filter", Input).display = False
        self._base.query_one(TaskTable).focus()

    def _draw(self) -> None:
        """Everything from `_seen`; the screens over it show what is newest."""
        rows = self._choice.of(self._seen.tasks) if self._seen else []
        waiting = Text(f"{self._source.title} · waiting for the first step")
        machine = machine_text(self._seen, self._notes(len(rows))) if self._seen else waiting
        self._base.query_one("#machine", Static).update(machine)
        self._base.query_one(TaskTable).show(rows)
        self._draw_events(self._base.query_one("#events", Static))
        if isinstance(self.screen, TaskPage) and self._seen is not None:
            self.screen.show(self._history.of(self.screen.task_id), self._seen.time)

    def _notes(self, shown: int) -> Iterator[str]:
        """What the keys have changed, and what they could tell."""
        if isinstance(self._source, Paced):
            yield self._source.note
        if self._is_paused:
            yield "PAUSED"
        yield f"by {self._choice.title}"
        if self._choice.pattern:
            yield f"{counted(shown)} with {self._choice.pattern!r}"
        if self._messages:
            yield f"{len(self._messages)} warnings (l)"

    def _draw_events(self, panel: Static) -> None:
        last = self._seen.events[-EVENTS_SHOWN:] if self._seen else ()
        panel.update(Text("\n".join(map(_event_line, last))))
        panel.display = bool(last)


def _event_line(event: Event) -> str:
    return f"{clock(event.time)} {event.kind}: {printable(event.text)}"
