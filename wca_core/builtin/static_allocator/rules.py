"""Rules that say which tasks get what. Pure: from plain values to rules, and from rules to allocations.

| a rule has | it is for |
|---|---|
| `task_id: X` | that task |
| `labels: {k: regex}` | tasks of which any of these labels matches from its beginning; all of them with `match: all` |
| both | `task_id` decides |
| neither | all tasks |

Rules are applied in their order; of several values of one type the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from wca_core.enforcement.values import refused
from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task import Task

FIELDS = ("name", "task_id", "labels", "match", "allocations")
SETS = frozenset({AllocationType.CPUSET_CPUS, AllocationType.CPUSET_MEMS})

Step: TypeAlias = "str | int"


class RuleError(ContractError):
    """A rule that cannot be read, and where in the list of rules."""

    def __init__(self, path: Sequence[Step], message: str) -> None:
        super().__init__(message)
        self.path = tuple(path)


@dataclass(frozen=True, slots=True)
class Rule:
    """Values for the tasks that it selects."""

    allocations: Mapping[AllocationType, object]
    task_id: str | None = None
    labels: Sequence[tuple[str, re.Pattern[str]]] = ()
    needs_all: bool = False

    def selects(self, task: Task) -> bool:
        if self.task_id is not None:
            return task.task_id == self.task_id
        if not self.labels:
            return True
        labels = task.all_labels
        matches = (name in labels and pattern.match(labels[name]) is not None for name, pattern in self.labels)
        return all(matches) if self.needs_all else any(matches)


def allocations_of(rules: Iterable[Rule], task: Task) -> list[Allocation]:
    """What the rules say of a task."""
    values: dict[AllocationType, object] = {}
    for rule in rules:
        if rule.selects(task):
            values.update(rule.allocations)
    return [Allocation(task.task_id, kind, value) for kind, value in values.items()]


def rules_of(given: object, doubts: list[str]) -> list[Rule]:
    """The rules of a list; what is odd about them is added to `doubts`. Raises `RuleError`."""
    if not isinstance(given, list):
        raise RuleError((), f"a list of rules expected, found {given!r:.80}")
    rules = (_rule(number, item, doubts) for number, item in enumerate(given))
    return [rule for rule in rules if rule is not None]


def _rule(number: int, given: object, doubts: list[str]) -> Rule | None:
    """None for one without allocations."""
    rule = _mapping((number,), given)
    for field in rule:
        if field not in FIELDS:
            raise RuleError((number, str(field)), f"a rule has {', '.join(FIELDS)}; found {field!r:.80}")
    title = f"rule {rule.get('name', number + 1)}"
    if rule.get("allocations") is None:
        doubts.append(f"{title} has no allocations and is left out")
        return None
    if "task_id" in rule and "labels" in rule:
        doubts.append(f"{title} has task_id and labels; the labels are ignored")
    if rule.get("match", "any") not in ("any", "all"):
        raise RuleError((number, "match"), f"match: any or all expected, found {rule['match']!r:.80}")
    allocations = dict(_values((number, "allocations"), rule["allocations"]))
    if not allocations:
        return None
    return Rule(
        allocations=allocations,
        task_id=None if rule.get("task_id") is None else _text((number, "task_id"), rule["task_id"]),
        labels=tuple(_labels((number, "labels"), rule.get("labels"))),
        needs_all=rule.get("match") == "all",
    )


def _labels(path: tuple[Step, ...], given: object) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, pattern in _mapping(path, {} if given is None else given).items():
        text = _text((*path, name), pattern)
        try:
            yield name, re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            message = f"label {name}: a regular expression expected, found {text!r:.80} ({error})"
            raise RuleError((*path, name), message) from error


def _values(path: tuple[Step, ...], given: object) -> Iterator[tuple[AllocationType, object]]:
    for name, value in _mapping(path, given).items():
        here = (*path, name)
        if name not in list(AllocationType):
            raise RuleError(here, f"a type of {', '.join(AllocationType)} expected, found {name!r:.80}")
        kind = AllocationType(name)
        made = _value(here, kind, value)
        refusal = refused(Allocation("", kind, made))
        if refusal is not None:
            raise RuleError(here, f"{kind}: {refusal.reason}")
        yield kind, made


def _value(path: tuple[Step, ...], kind: AllocationType, given: object) -> object:
    """As allocators give it: `cpuset_cpus: 3` is a number only because YAML takes it for one."""
    if kind in SETS and type(given) is int:
        return str(given)
    if kind is AllocationType.RDT and isinstance(given, Mapping):
        known = [field.name for field in fields(RDTAllocation)]
        for name in given:
            if name not in known:
                raise RuleError((*path, str(name)), f"rdt has {', '.join(known)}; found {name!r:.80}")
        texts = {name: str(text) if name == "name" and text is not None else text for name, text in given.items()}
        try:
            return RDTAllocation(**texts)
        except ContractError as error:
            raise RuleError(path, str(error)) from error
    return tuple(given) if isinstance(given, list) else given


def _mapping(path: tuple[Step, ...], given: object) -> Mapping[str, object]:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise RuleError(path, f"fields by name expected, found {given!r:.80}")
    return given


def _text(path: tuple[Step, ...], given: object) -> str:
    """Of a number too, which is how YAML reads `task_id: 7` and `{tier: 1}`."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise RuleError(path, f"{path[-1]}: a text expected, found {given!r:.80}")
    return str(given)
