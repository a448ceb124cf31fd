"""From the columns of a step to a mapping for each task: by name of the metric, nested by its levels.

Where each number stands is found out once for a list of series; as long as the very same list comes again, a step only
fills the mappings, which are new in every step: who is handed them may change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TypeAlias, cast

from wca_compat.metrics import Measurements
from wca_core.model.metric import Metric, Series, Value

Key: TypeAlias = str | int
Tree: TypeAlias = "dict[Key, int | Tree]"
"""Where values stand."""

NO_MEASUREMENT = frozenset({"task_measurement_errors"})
"""What is told of a task that could not be measured."""


class Shape:
    """One mapping, of numbers and of mappings."""

    __slots__ = ("_inner", "_keys", "_taken")

    def __init__(self, tree: Tree) -> None:
        places = {key: at for key, at in tree.items() if isinstance(at, int)}
        self._keys = tuple(places)
        self._taken = _taker(tuple(places.values()))
        self._inner = [(key, Shape(part)) for key, part in tree.items() if not isinstance(part, int)]

    def filled(self, values: Sequence[Value]) -> dict[Key, object]:
        """With the numbers of one step."""
        made: dict[Key, object] = dict(zip(self._keys, self._taken(values), strict=True))
        for key, shape in self._inner:
            made[key] = shape.filled(values)
        return made


class Layout:
    """What one list of series measures."""

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = series
        self.described: dict[str, Metric] = {}
        """The metrics by name."""
        trees: dict[str | None, Tree] = {}
        for at, one in enumerate(series):
            self.described.setdefault(one.metric.name, one.metric)
            owner = one.task.task_id if one.task else None
            if owner is not None or not one.metric.name.startswith("wca_"):
                _put(trees.setdefault(owner, {}), (one.metric.name, *_levels(one)), at)
        self._host = Shape(trees.pop(None, {}))
        self._tasks = {owner: Shape(tree) for owner, tree in trees.items() if owner and tree.keys() - NO_MEASUREMENT}

    def of_host(self, values: Sequence[Value]) -> Measurements:
        """Of the whole machine; without what the agent tells of itself."""
        return _by_name(self._host.filled(values))

    def of_task(self, task_id: str, values: Sequence[Value]) -> Measurements | None:
        """None if the task was not measured in this step."""
        shape = self._tasks.get(task_id)
        return None if shape is None else _by_name(shape.filled(values))


def _by_name(mapping: dict[Key, object]) -> Measurements:
    return cast("Measurements", mapping)


def _taker(places: tuple[int, ...]) -> Callable[[Sequence[Value]], Iterable[Value]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: [values[at] for at in places]


def _put(tree: Tree, path: Sequence[Key], at: int) -> None:
    """What stands in the way of another depth stays: a name is a number or a mapping, not both."""
    for key in path[:-1]:
        inner = tree.setdefault(key, {})
        if isinstance(inner, int):
            return
        tree = inner
    if not isinstance(tree.get(path[-1]), dict):
        tree[path[-1]] = at


def _levels(series: Series) -> tuple[Key, ...]:
    texts = series.level_values or tuple([value for _, value in series.free_labels])
    return tuple([_key(text) for text in texts])


def _key(text: str) -> Key:
    """A number as a number, if that is another way to write the same text."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 19 and str(int(text)) == text:
        return int(text)
    return text


def total(value: object) -> Value | None:
    """The sum of a mapping of mappings of numbers; a number is its own."""
    if isinstance(value, Mapping):
        parts = [part for part in map(total, value.values()) if part is not None]
        return sum(parts) if parts else None
    return value if isinstance(value, int | float) else None
