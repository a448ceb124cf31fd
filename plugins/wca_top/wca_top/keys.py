"""The keys, and what they do: for the application and its help."""

from __future__ import annotations

from textual.binding import Binding

SORT_KEYS = {
    "c": "cpus",
    "m": "memory",
    "t": "throttled",
    "p": "cpu_pressure",
    "e": "memory_pressure",
    "i": "io_pressure",
    "k": "cache",
    "b": "bandwidth",
    "n": "name",
}
"""What each letter sorts by: the key of a column, or the name."""

BINDINGS = [
    Binding("slash", "filter", "Filter", key_display="/"),
    Binding("less_than_sign,comma", "sort_by(-1)", "Sort", key_display="<"),
    Binding("greater_than_sign,full_stop", "sort_by(1)", "Sort", key_display=">"),
    Binding("space", "pause", "Pause"),
    Binding("a", "events", "Events"),
    Binding("question_mark", "help", "Help", key_display="?"),
    Binding("q,ctrl+c", "quit", "Quit", key_display="q"),
    Binding("r", "reverse", "Reverse", show=False),
    Binding("l", "messages", "Log", show=False),
    Binding("plus,equals_sign", "change_speed(2.0)", "Faster", key_display="+"),
    Binding("minus", "change_speed(0.5)", "Slower", key_display="-"),
    Binding("f", "leap", "Forward", show=False),
    Binding("escape", "all_tasks", "All tasks", show=False),
    *(Binding(letter, f"sort('{column}')", f"Sort by {column}", show=False) for letter, column in SORT_KEYS.items()),
]

HELP = (
    ("↑ ↓ PgUp PgDn", "move; the mark stays with its task"),
    ("Home", "back to the top, whoever is there"),
    ("Enter", "labels and plots of the marked task"),
    ("Escape", "back, and to all tasks"),
    ("/", "only tasks with this text in name, id or label=value"),
    ("< >", "sort by the column to the left or right"),
    ("c m n", "sort by CPU, memory, name"),
    ("t k b", "sort by throttling, cache, bandwidth"),
    ("p e i", "sort by pressure on CPU, memory, I/O"),
    ("r", "the other way round"),
    ("Space", "pause: what is shown stands still, and so does a replay"),
    ("+ - f", "in a replay: twice as fast, half as fast, a minute forward"),
    ("a", "all anomalies and changes of allocations"),
    ("l", "warnings and errors of the agent"),
    ("q", "quit"),
)
