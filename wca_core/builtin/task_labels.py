"""Generators of task labels: from another label by a regular expression, and from a resource."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from wca_core.errors import ConfigurationError
from wca_core.model.task import Task

log = logging.getLogger("wca.labels")


@dataclass(eq=False)
class TaskLabelRegexGenerator:
    """A label of the task with every match of a regular expression replaced; without a match it is as it was."""

    pattern: str
    repl: str
    """May name groups of the pattern: `\\1`, `\\g<name>`."""
    source: str = "task_name"
    """The label to start from; `task_id`, `task_name` and labels generated before are labels too."""

    _compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            self._compiled = re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigurationError(f"pattern {self.pattern!r} is no regular expression: {error}") from error
        try:
            self._compiled.sub(self.repl, "")  # reads the template also where nothing matches
        except (re.error, IndexError) as error:
            raise ConfigurationError(f"repl {self.repl!r} does not fit {self.pattern!r}: {error}") from error

    def generate(self, task: Task) -> str | None:
        text = task.all_labels.get(self.source)
        if text is None:
            log.warning("task %s has no label %s to make another of", task.task_id, self.source)
            return None
        return substituted(self._compiled, self.repl, text)


@dataclass(eq=False)
class TaskLabelResourceGenerator:
    """What the task asked for of a resource, as text; `unknown` if it did not say."""

    resource_name: str

    def generate(self, task: Task) -> str:
        return str(task.resources.get(self.resource_name, "unknown"))


def substituted(pattern: re.Pattern[str], template: str, text: str) -> str:
    """`text` with every match replaced, but no empty match directly behind another match.

    So it was up to Python 3.6, and configurations rely on it: `.*` matches a text and then the nothing behind it.
    """
    end = -1

    def replacement(match: re.Match[str]) -> str:
        nonlocal end
        is_nothing_behind_another = match.start() == match.end() == end
        end = match.end()
        return "" if is_nothing_behind_another else match.expand(template)

    return pattern.sub(replacement, text)
