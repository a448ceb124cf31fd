"""Whether a task serves somebody who waits, or fills what is left over.

| in this order | says |
|---|---|
| a `TaskClassRule` of the operator, the first that matches | its class |
| label or annotation `wca.io/class`, in any case | `latency-critical`, `best-effort`, `unknown` |
| label `type` that is `best_efforts`, as the original WCA had it | best effort |
| QoS class of a pod: `besteffort`; `guaranteed` | best effort; latency critical |
| nothing of these | unknown |

It depends on the task and the rules alone: the same in every step, and in a replay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from wca_core.errors import ContractError
from wca_core.model.task import Task

QOS_LABEL = "app_kubernetes_io__qos_class"
CLASS_LABELS = ("wca_io__class", "wca_io_class")
"""`wca.io/class` as Kubernetes' discoverer names it, and as others do."""
DOCUMENTED_LABEL = "type"


class TaskClass(StrEnum):
    """What a task needs of its machine; `Snapshot.task_class` tells it."""

    LATENCY_CRITICAL = "latency-critical"
    """Somebody waits for it: it is to be protected."""
    BEST_EFFORT = "best-effort"
    """It may wait: it takes what others leave."""
    UNKNOWN = "unknown"
    """Nobody has said: neither to be taken for a victim nor for one that may be throttled."""


@dataclass(frozen=True, kw_only=True)
class TaskClassRule:
    """Says which class the tasks with a label are of. Raises `ContractError` for a pattern that is none."""

    label: str
    """Its name as samples have it; `task_name` and `task_id` are labels too."""
    pattern: str
    """A regular expression that the whole value of the label must match."""
    task_class: TaskClass

    def __post_init__(self) -> None:
        label, task_class = self.label, cast("object", self.task_class)
        if not (isinstance(label, str) and label):
            raise ContractError(f"label: the name of a label expected, found {label!r:.80}")
        if not isinstance(task_class, TaskClass):
            words = ", ".join(TaskClass)
            raise ContractError(f"task_class: one of {words} expected, found {task_class!r:.80}")
        try:
            self.matches_value("")
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            raise ContractError(
                f"pattern: a regular expression expected, found {self.pattern!r:.80} ({error})"
            ) from error

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a task with these labels is meant."""
        value = labels.get(self.label)
        return value is not None and self.matches_value(value)

    def matches_value(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None  # `re` keeps what it compiled


class TaskClasses:
    """Tells the class of tasks by rules; without any by what their labels say."""

    def __init__(self, rules: Iterable[TaskClassRule] = ()) -> None:
        self.rules = tuple(rules)

    def of(self, task: Task) -> TaskClass:
        """See the table of the module."""
        if self.rules:
            labels = task.all_labels
            for rule in self.rules:
                if rule.matches(labels):
                    return rule.task_class
        return _told(task.labels) or _of_qos(task.labels)


def _told(labels: Mapping[str, str]) -> TaskClass | None:
    """What somebody said on purpose; a word that is no class says nothing."""
    for name in CLASS_LABELS:
        word = labels.get(name)
        found = _BY_WORD.get(word.strip().lower().replace("_", "-")) if word else None
        if found is not None:
            return found
    return TaskClass.BEST_EFFORT if labels.get(DOCUMENTED_LABEL) == "best_efforts" else None


def _of_qos(labels: Mapping[str, str]) -> TaskClass:
    return _BY_QOS.get(labels.get(QOS_LABEL, ""), TaskClass.UNKNOWN)


_BY_WORD = {str(one): one for one in TaskClass}
_BY_QOS = {"besteffort": TaskClass.BEST_EFFORT, "guaranteed": TaskClass.LATENCY_CRITICAL}
