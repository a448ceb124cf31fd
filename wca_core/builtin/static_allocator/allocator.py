"""Allocates by rules: those of the configuration, then those of a file."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from wca_core.builtin.static_allocator.file import RuleFile
from wca_core.builtin.static_allocator.rules import Rule, RuleError, allocations_of, rules_of
from wca_core.config.field_types import IsPath
from wca_core.errors import ConfigurationError
from wca_core.model.allocation import Allocation
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.static_allocator")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class StaticAllocator:
    """Gives each task what rules say."""

    rules: list[dict[str, object]] | None = None
    """Applied in their order, later ones win: `name`, `task_id` or `labels` (with `match: all`), `allocations`."""
    config: Annotated[str, IsPath(absolute=True)] | None = None
    """A file with further rules, as a list, read in every step."""

    _own: list[Rule] = field(init=False, repr=False)
    _file: RuleFile | None = field(init=False, repr=False)
    _applied: Sequence[Rule] = field(default=(), init=False, repr=False)
    _of_file: Sequence[Rule] | None = field(default=None, init=False, repr=False)
    _wishes: PerTask[list[Allocation]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        doubts: list[str] = []
        try:
            self._own = rules_of([] if self.rules is None else self.rules, doubts)
        except RuleError as error:
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
            raise ConfigurationError(f"rules{path}: {error}") from error
        for doubt in doubts:
            log.warning("%s", doubt)
        self._file = None if self.config is None else RuleFile(self.config)
        self._wishes = self._of_tasks()

    @hookimpl
    def allocate(self, snapshot: Snapshot) -> Iterator[Allocation]:
        self._refresh()
        known = {task.task_id: task for task in snapshot.tasks}
        for wishes in self._wishes.of(snapshot.tasks, known):
            yield from wishes

    def _refresh(self) -> None:
        """Let rules that changed count."""
        of_file = () if self._file is None else self._file.rules()
        if of_file is self._of_file:
            return
        self._of_file, self._applied = of_file, [*self._own, *of_file]
        self._wishes = self._of_tasks()
        if not self._applied:
            log.warning("there are no rules: nothing is allocated")

    def _of_tasks(self) -> PerTask[list[Allocation]]:
        return PerTask(self._wished)

    def _wished(self, task: Task) -> list[Allocation]:
        return allocations_of(self._applied, task)
