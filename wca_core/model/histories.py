"""What plugins look back on: the series of the metrics that they name, kept for as long as they say.

A plugin names them in its attribute `looks_back`; nothing is kept of other metrics, nor of a task that is gone. Of
each series there is one column of 8 bytes a moment; the moments are those of the steps, or fewer for a long time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import cached_property

from wca_core.errors import ContractError, PluginError
from wca_core.model.history import History
from wca_core.model.history_table import HistoryTable
from wca_core.model.metric import METRIC_NAME, Samples
from wca_core.model.series_key import Key

LONGEST = 86400.0
"""A day."""


def looks_back_of(plugin: object, name: str) -> Mapping[str, float]:
    """What one plugin declares, perhaps by a property, which its class alone cannot answer for.

    Raises `PluginError` for what is no mapping of metrics to seconds.
    """
    try:
        declared: object = getattr(plugin, "looks_back", {})
    except Exception as error:
        raise PluginError(_wrong(name, f"asking for it raised {type(error).__name__}: {error}")) from error
    if isinstance(plugin, type) and isinstance(declared, property | cached_property):
        return {}
    if not isinstance(declared, Mapping):
        raise PluginError(_wrong(name, f"found {type(declared).__name__}"))
    for metric, seconds in declared.items():
        if not isinstance(metric, str) or not METRIC_NAME.fullmatch(metric):
            raise PluginError(_wrong(name, f"found the name {metric!r:.80}"))
        is_number = type(seconds) in (int, float)
        if not is_number or not 0 < seconds <= LONGEST:
            raise PluginError(_wrong(name, f"found {seconds!r:.80} for {metric}"))
    return declared


def longest_of(plugins: Iterable[tuple[str, object]]) -> dict[str, float]:
    """By metric the longest time that one of these plugins, each with its name, looks back. Raises `PluginError`."""
    longest: dict[str, float] = {}
    for name, plugin in plugins:
        for metric, seconds in looks_back_of(plugin, name).items():
            longest[metric] = max(longest.get(metric, 0.0), float(seconds))
    return longest


class Histories:
    """Keeps what is looked back on, step after step."""

    def __init__(self, longest: Mapping[str, float]) -> None:
        """By name of the metric, how long [seconds]."""
        times = frozenset(longest.values())
        metrics = {time: frozenset(name for name in longest if longest[name] == time) for time in times}
        tables = {time: HistoryTable(time, metrics[time]) for time in times}
        self._tables = tuple(tables.values())
        self._table_of = {metric: tables[time] for metric, time in longest.items()}

    def take(self, steady: float, samples: Samples, known: Container[str]) -> None:
        """The samples of a step. `known`: the ids of the tasks that are not gone, the same object while none goes.

        Samples with the time of those before take their place.
        """
        for table in self._tables:
            table.take(steady, samples, known)

    def of(self, key: Key, until: float) -> History:
        """One series up to this time. Raises `ContractError` for a metric that nobody declared."""
        (metric, _), _ = key
        table = self._table_of.get(metric)
        if table is None:
            raise ContractError(undeclared(metric))
        return table.history(key).until(until)

    @property
    def metrics(self) -> frozenset[str]:
        """Those of which something is kept."""
        return frozenset(metric for table in self._tables for (metric, _), _ in table.columns)

    def __len__(self) -> int:
        """The series that are kept."""
        return sum(len(table.columns) for table in self._tables)


def undeclared(metric: str) -> str:
    """What an author is told who asks for what is not kept."""
    line = f'looks_back: ClassVar[Mapping[str, float]] = {{"{metric}": 300.0}}'
    return f"no history of {metric} is kept: say how many seconds back the plugin looks, in its class: {line}"


def _wrong(name: str, found: str) -> str:
    return (
        f"plugin {name!r}: looks_back: a mapping of names of metrics to seconds, above 0 and at most {LONGEST:g}, "
        f"expected ({{'task_cycles': 300.0}}); {found}"
    )
