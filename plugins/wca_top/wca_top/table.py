"""The table of tasks: only the lines that are seen are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wca_core.overview import TaskRow
from wca_core.overview.cells import shortened
from wca_core.overview.text import printable, sparkline
from wca_top.chosen import Choice
from wca_top.history import History
from wca_top.widths import Widths

MARK = "▸"
FULL_SPARK = 0.1
"""CPUs that at least fill it: what is nearly idle shall look so."""


class TaskTable(ScrollView, can_focus=True):
    """Tasks as lines, one of them marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--title",
        "table--sorted",
        "table--mark",
        "table--high",
        "table--spark",
    }
    DEFAULT_CSS = """
    TaskTable {
        height: 1fr;
        overflow-x: hidden;
        .table--title { text-style: bold reverse; }
        .table--sorted { text-style: bold reverse underline; }
        .table--mark { text-style: bold; background: $primary-muted; }
        .table--high { text-style: bold; color: $warning; }
        .table--spark { color: $success; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "top", "Top", show=False),
        Binding("end", "bottom", "End", show=False),
        Binding("enter", "open", "Task", key_display="⏎"),
    ]

    class Opened(Message):
        """Somebody wants to know more about a task."""

        def __init__(self, task_id: str) -> None:
            super().__init__()
            self.task_id = task_id

    class SortedBy(Message):
        """Somebody clicked on the title of a column."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, history: History, choice: Choice) -> None:
        super().__init__()
        self._history = history
        self._choice = choice
        self._rows: Sequence[TaskRow] = ()
        self._widths = Widths.of((), 0)
        self._marked: str | None = None
        """The task that was moved to; None: whichever is at the top."""
        self._at = 0
        """The row of that task."""

    def show(self, rows: Sequence[TaskRow]) -> None:
        """These rows, in this order."""
        self._rows = rows
        self.virtual_size = Size(self._width, len(rows) + 1)
        self._widths = Widths.of(rows, self._width)
        self._at = next((at for at, row in enumerate(rows) if row.task_id == self._marked), 0)
        if self._marked is not None:
            self._scroll_to_mark()
        self.refresh()

    @property
    def marked(self) -> TaskRow | None:
        return self._rows[self._at] if self._rows else None

    @property
    def _width(self) -> int:
        """Without the bar for scrolling."""
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y - 1
        if y == 0:
            segments = list(self._titles())
        elif at < len(self._rows):
            segments = list(self._line(self._rows[at], is_marked=at == self._at and self.has_focus))
        else:
            segments = []
        return Strip(segments).adjust_cell_length(self._width, self.rich_style).apply_style(self.rich_style)

    def _titles(self) -> Iterator[Segment]:
        style, of_sorted = (self.get_component_rich_style(f"table--{name}") for name in ("title", "sorted"))
        yield Segment(f"{' TASK':<{self._widths.name}}"[: self._widths.name], of_sorted if self._is_by_name else style)
        for column in self._widths.columns:
            text = self._choice.title if column is self._choice.column else column.title
            yield Segment(" ", style)
            yield Segment(f"{text:>{column.width}}", of_sorted if column is self._choice.column else style)
            if column.key == "cpus":
                yield Segment(" " * (1 + self._widths.spark), style)

    def _line(self, row: TaskRow, *, is_marked: bool) -> Iterator[Segment]:
        base = self.get_component_rich_style("table--mark") if is_marked else Style()
        high, green = (base + self._partial(name) for name in ("high", "spark"))
        width = self._widths.name - 1
        name = set_cell_size(shortened(printable(row.name or row.task_id), width), width)  # some are two cells wide
        yield Segment(f"{MARK if is_marked else ' '}{name}", base)
        for column in self._widths.columns:
            value = column.value(row)
            is_high = value is not None and column.high is not None and value >= column.high
            yield Segment(f" {column.text(row)}", high if is_high else base)
            if column.key == "cpus":
                yield Segment(f" {self._spark(row)}", green)

    def _partial(self, name: str) -> Style:
        """The style of a part, without its background: that is the line's."""
        return self.get_component_rich_style(f"table--{name}", partial=True)

    @property
    def _is_by_name(self) -> bool:
        return self._choice.column is None

    def _spark(self, row: TaskRow) -> str:
        lately = [one.cpus for one in self._history.of(row.task_id)[-self._widths.spark :]]
        highest = max((cpus for cpus in lately if cpus is not None), default=0.0)
        return sparkline(lately, self._widths.spark, max(highest, FULL_SPARK))

    def action_move(self, step: int) -> None:
        self._mark(self._at + step)

    def action_page(self, pages: int) -> None:
        self._mark(self._at + pages * max(1, self.size.height - 2))

    def action_top(self) -> None:
        self._marked, self._at = None, 0
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def action_bottom(self) -> None:
        self._mark(len(self._rows) - 1)

    def action_open(self) -> None:
        if self.marked is not None:
            self.post_message(self.Opened(self.marked.task_id))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self.post_message(self.SortedBy(self._widths.key_at(event.x)))
        else:
            self._mark(event.y + self.scroll_offset.y - 1)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self.show(self._rows)

    def _mark(self, at: int) -> None:
        if self._rows:
            self._at = max(0, min(len(self._rows) - 1, at))
            self._marked = self._rows[self._at].task_id
            self._scroll_to_mark()
            self.refresh()

    def _scroll_to_mark(self) -> None:
        """The titles cover the first line of what is seen."""
        self.scroll_to_region(Region(0, self._at, 1, 2), animate=False, force=True)
