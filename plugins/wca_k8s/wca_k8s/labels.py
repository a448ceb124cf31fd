"""Labels of pods as labels of samples.

| in the key | becomes |
|---|---|
| `/` | `__` |
| any other that is no ASCII letter, digit or `_` | `_` |
| a digit at the beginning | `_` in front of it |
| `__` at the beginning of the result | `_` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wca_core.net.untrusted import label_name, shown

QOS = "app_kubernetes_io__qos_class"
"""The label with the QoS class of a pod."""
TASK_CLASS = "wca.io/class"
"""Of all annotations the one that is taken as a label too: `latency-critical` or `best-effort`."""
RESERVED = frozenset({"task_id", "task_name", QOS})


def sanitized(key: str) -> str:
    """The name of a label for a key; an empty key has none."""
    return label_name(key.replace("/", "__"))


def sanitized_labels(labels: Mapping[str, object]) -> tuple[dict[str, str], Sequence[str]]:
    """By name, and what is wrong with those left out. Of keys with one name the smallest wins; reserved names lose."""
    found: dict[str, str] = {}
    complaints = []
    owners: dict[str, str] = {}
    for key in sorted(labels):
        name = sanitized(key)
        value = labels[key]
        if not name or not isinstance(value, str):
            complaints.append(f"label {key!r:.80}: a name and a text expected; it is left out")
        elif name in RESERVED:
            complaints.append(f"label {key!r:.80}: the name {name} is WCA's own; it is left out")
        elif name in found:
            complaints.append(f"labels {owners[name]!r:.80} and {key!r:.80} are both named {name}; the first is kept")
        else:
            found[name], owners[name] = shown(value), key
    return found, complaints
