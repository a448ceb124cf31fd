"""Tells once of metrics that plugins look back on and nothing measures: their names may be misspelt."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from wca_core.dispatch import Binding
from wca_core.model.histories import looks_back_of
from wca_core.model.snapshot import Snapshot

log = logging.getLogger("wca.histories")

PATIENCE = 10
"""Steps with tasks until it is told: some things are not measured in each step, rates not in the first."""
CLOSE = 0.85
"""How much a name must be like another to be taken for it: 1 letter of 6, of longer names more."""


class Unmeasured:
    """Looks once, a few steps after the start; costs nothing afterwards, nor where nobody looks back.

    | what is like the name | it is told as |
    |---|---|
    | something that is measured | a warning: the history is empty, and the plugin sees nothing |
    | nothing | a note: the plugin may do without, or whoever measures it is not plugged in |
    """

    def __init__(self, onlookers: Iterable[Binding]) -> None:
        self._names = {metric: one.name for one in onlookers for metric in looks_back_of(one.plugin, one.name)}
        self._steps_left = PATIENCE

    def look(self, snapshot: Snapshot) -> None:
        """At a step with all that was measured and derived."""
        if not self._names or not snapshot.tasks:
            return
        self._steps_left -= 1
        if self._steps_left > 0:
            return
        kept = snapshot.histories.metrics if snapshot.histories is not None else frozenset()
        measured = {series.metric.name for series in snapshot.samples.series}
        for metric in sorted(self._names.keys() - kept - measured):
            _tell(self._names[metric], metric, measured)
        self._names.clear()


def _tell(plugin: str, metric: str, measured: Iterable[str]) -> None:
    from difflib import get_close_matches  # costs import time, needed only here

    close = get_close_matches(metric, measured, n=1, cutoff=CLOSE)
    hint = f"did you mean {close[0]}?" if close else "`wca metrics` tells which plugin measures it"
    level = logging.WARNING if close else logging.INFO
    log.log(level, "%s looks back on %s, which nothing has measured in %d steps (%s)", plugin, metric, PATIENCE, hint)
