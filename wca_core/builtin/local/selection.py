"""Which of the tasks found are measured: patterns, then the limit."""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Sequence

from wca_core.builtin.local.descriptions import Description
from wca_core.builtin.local.kind import Kind
from wca_core.errors import ConfigurationError
from wca_core.model.task import Task

log = logging.getLogger("wca.local")


class Patterns:
    """Shell patterns, held against the whole name of a task and the whole path of its cgroup; `*` also stands for `/`.

    Raises `ConfigurationError` for an empty one.
    """

    def __init__(self, field: str, patterns: Sequence[str]) -> None:
        if "" in patterns:
            raise ConfigurationError(
                f"{field}: '' matches nothing; a pattern such as 'web-*' or '/system.slice/*' expected"
            )
        self._pattern = re.compile("|".join(map(fnmatch.translate, patterns))) if patterns else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def match(self, task: Task) -> bool:
        return self._pattern is not None and any(map(self._pattern.match, (task.name, task.cgroup_path)))


class Selection:
    """Those of the tasks that are wanted, by path; not more than `max_tasks`: containers first, then units, by path."""

    def __init__(self, include: Patterns, exclude: Patterns, max_tasks: int, *, sandboxes: bool) -> None:
        self._include = include
        self._exclude = exclude
        self._max_tasks = max_tasks
        self._sandboxes = sandboxes
        self._has_told = False

    def of(self, found: Sequence[Description]) -> list[Task]:
        wanted = sorted(filter(self._is_wanted, found), key=_rank)
        self._tell(len(wanted), wanted[self._max_tasks :])
        kept = sorted(wanted[: self._max_tasks], key=lambda one: one.cgroup.path)
        return [one.task for one in kept]

    def _is_wanted(self, one: Description) -> bool:
        if one.is_sandbox and not self._sandboxes:
            return False
        return (not self._include or self._include.match(one.task)) and not self._exclude.match(one.task)

    def _tell(self, wanted: int, left_out: Sequence[Description]) -> None:
        """Warn once, until all are measured again."""
        if left_out and not self._has_told:
            log.warning(
                "%d tasks run here, max_tasks is %d: %d are not measured, such as %s "
                "(raise max_tasks, or choose with include and exclude)",
                *(wanted, self._max_tasks, len(left_out), left_out[0].task.name),
            )
        self._has_told = bool(left_out)


def _rank(one: Description) -> tuple[int, str]:
    if one.is_container:
        return 0, one.cgroup.path
    return 1 if one.cgroup.kind is Kind.UNIT else 2, one.cgroup.path
