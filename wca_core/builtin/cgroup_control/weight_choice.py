"""Which formula turned CPU shares into the weights that are there: decided once, by what pods asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from wca_core.builtin.cgroup_control.directories import directories
from wca_core.builtin.cgroup_control.weights import Formula, clamped_shares, explaining
from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.model.task import Task

log = logging.getLogger("wca.cgroup-control")

ENOUGH = 20
"""Pods that are looked at."""

OTHERWISE: Formula = "quadratic"
"""Of current runtimes."""


@dataclass(slots=True)
class WeightChoice:
    """Takes the configured formula, or looks at pods when there are some."""

    _chosen: Formula | None = field(default=None)
    _tasks: Iterable[Task] | None = field(default=None)
    """That were looked at last: the same do not tell more when asked again."""

    def formula(self, tasks: Iterable[Task], host: Host) -> Formula:
        """`quadratic` as long as no pod tells."""
        if self._chosen is None and tasks is not self._tasks:
            self._tasks = tasks
            self._choose(tasks, host)
        return self._chosen or OTHERWISE

    def _choose(self, tasks: Iterable[Task], host: Host) -> None:
        configured = host.allocation_configuration
        if configured is not None and configured.cpu_weight_formula != "auto":
            self._chosen = configured.cpu_weight_formula
            return
        seen = list(islice(_seen(tasks, host), ENOUGH))
        if seen:
            self._chosen = explaining(seen) or OTHERWISE
            log.info("CPU shares become weights by the %s formula, as %d pods show", self._chosen, len(seen))


def _seen(tasks: Iterable[Task], host: Host) -> Iterator[tuple[int, int]]:
    """The shares that a pod asked for, and its weight."""
    for task in tasks:
        asked = task.resources.get("requests_cpu")
        found = directories(host.hierarchies, "cpu", task)
        if isinstance(asked, int | float) and found is not None and not found.is_v1:
            try:
                yield clamped_shares(1024 * asked), int(read_file(f"{found.own}/cpu.weight"))
            except (OSError, ValueError):
                continue  # the pod ends, or has no weight
