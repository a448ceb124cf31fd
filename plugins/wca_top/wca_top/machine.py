"""What is shown above the tasks: the machine, and what the view itself does."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from wca_core.overview import Overview
from wca_core.overview.view import gauges, heading


def machine_text(overview: Overview, notes: Iterable[str]) -> Text:
    """Three lines; `notes` stand at the end of the first."""
    first = Text(heading(overview), style="bold").append("".join(f" · {note}" for note in notes), style="not bold")
    return Text("\n").join([first, *map(_gauge, gauges(overview))])


def _gauge(line: str) -> Text:
    """The bar in colour, for those who see colours; it is as long without."""
    text = Text(line)
    text.highlight_regex(r"\|+", "green")
    return text
