"""Labels of Mesos tasks as labels of samples.

| in the key | becomes |
|---|---|
| each prefix to drop, in their order, if the rest begins with it | nothing |
| what is no ASCII letter, digit or `_` | `_` |
| a digit at the beginning | `_` in front of it |
| `__` at the beginning of the result | `_` |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wca_core.net.untrusted import items, label_name, mapping, shown, text

RESERVED = frozenset({"task_id", "task_name"})
"""Labels that every sample of a task has already."""


def name_of(key: str, prefixes: Iterable[str]) -> str:
    """The name of a label for a key; empty if nothing is left of it."""
    for prefix in prefixes:
        key = key.removeprefix(prefix)
    return label_name(key)


def labels_of(document: object, prefixes: Sequence[str]) -> dict[str, str]:
    """The labels in `labels` of a task; of keys with one name the last in the list wins."""
    found: dict[str, str] = {}
    for label in items(mapping(document).get("labels")):
        key, value = mapping(label).get("key"), mapping(label).get("value", "")
        name = name_of(text(key), prefixes)
        if name and name not in RESERVED and isinstance(value, str):
            found[name] = shown(value)
    return found


def common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Those that all have with the same value."""
    first, *others = labels or ({},)
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
