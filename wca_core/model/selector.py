"""Label selectors of Kubernetes, evaluated here: comma-separated demands, all of which must be met.

| demand | met by labels |
|---|---|
| `key`, `!key` | that have the key; that do not |
| `key=value`, `key==value` | where it has this value |
| `key!=value` | where it has another one, or none |
| `key in (a, b)` | where it has one of these values |
| `key notin (a, b)` | where it has none of these, or is missing |
| `key>number`, `key<number` | where it is a whole number above, below |

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Labels: TypeAlias = Mapping[str, object]
Demand: TypeAlias = Callable[[Labels], bool]

_KEY = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
_PRESENCE = re.compile(rf"(!?)\s*({_KEY})")
_IN = re.compile(rf"({_KEY})\s+(in|notin)\s*\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)")
_COMPARISON = re.compile(rf"({_KEY})\s*(==|!=|=|>|<)\s*({_VALUE})")
_COMMA = re.compile(r",(?![^(]*\))")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector that can be asked."""

    text: str
    demands: tuple[Demand, ...]

    def matches(self, labels: Labels) -> bool:
        return all(demand(labels) for demand in self.demands)


def parse_selector(text: str) -> Selector:
    """Raises `ValueError` that names the demand that cannot be read."""
    parts = [part.strip() for part in _COMMA.split(text)]
    return Selector(text, tuple(map(_demand, parts)))


def _demand(text: str) -> Demand:
    if found := _PRESENCE.fullmatch(text):
        return _presence(found[2], is_wanted=not found[1])
    if found := _IN.fullmatch(text):
        return _one_of(found[1], {value.strip() for value in found[3].split(",")}, is_wanted=found[2] == "in")
    if found := _COMPARISON.fullmatch(text):
        key, operator, value = found.groups()
        if operator not in "<>":
            return _one_of(key, {value}, is_wanted=operator != "!=")
        if _NUMBER.fullmatch(value):
            return _above(key, int(value)) if operator == ">" else _below(key, int(value))
    raise ValueError(f"a label selector such as 'app=web,tier in (a, b),!legacy' expected; {text!r} is no part of one")


def _presence(key: str, *, is_wanted: bool) -> Demand:
    return lambda labels: (key in labels) is is_wanted


def _one_of(key: str, values: set[str], *, is_wanted: bool) -> Demand:
    return lambda labels: (isinstance(value := labels.get(key), str) and value in values) is is_wanted


def _above(key: str, bound: int) -> Demand:
    return lambda labels: (number := _number(labels.get(key))) is not None and number > bound


def _below(key: str, bound: int) -> Demand:
    return lambda labels: (number := _number(labels.get(key))) is not None and number < bound


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
