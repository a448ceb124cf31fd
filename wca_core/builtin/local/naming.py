"""The task that a cgroup is: its id, name and labels. All texts come from others, so they are escaped and cut.

| cgroup | name |
|---|---|
| a container of a pod | `NAMESPACE/POD/CONTAINER` |
| another container | its name, or its id where that was given by somebody |
| the same while its name is not known | `ENGINE:ID` with the first 12 digits of an id that an engine made up |
| a unit | its name; `user@UID.service/UNIT` for one of a user's services |
| any other | its path |
"""

from __future__ import annotations

import re

from wca_core.builtin.local.facts import Facts
from wca_core.linux.container_paths import container_at, pod_uid_of
from wca_core.linux.systemd_paths import is_slice, is_user_manager, slice_of, unit_above, unit_of, user_manager_above
from wca_core.model.task import Task

LONGEST = 256
"""Characters of a label's value."""

_MADE_UP = re.compile("[0-9a-f]{64}|[0-9a-z]{25}")
"""Ids that engines give."""


def task_of(path: str, facts: Facts | None) -> Task:
    """`facts`: what an engine told, if any did."""
    known = facts or _facts_of_path(path)
    task_id = unique(path.strip("/")) or "host"
    labels = {name: shown(value) for name, value in _labels(path, known).items() if value}
    return Task(task_id=task_id, name=shown(_name(path, known)) or task_id, cgroup_path=path, labels=labels)


def shown(value: str) -> str:
    """A text of somebody else as the value of a label: what cannot be printed is escaped, what is too long is cut."""
    return _escaped(value)[:LONGEST]


def unique(value: str) -> str:
    """As `shown`, but different texts stay different."""
    escaped = _escaped(value)
    if len(escaped) <= LONGEST:
        return escaped
    import hashlib  # costs start-up time, and such a long path is rare

    digest = hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()[:16]
    return f"{escaped[: LONGEST - len(digest) - 1]}~{digest}"


def _facts_of_path(path: str) -> Facts | None:
    container = container_at(path)
    return Facts(engine=container.engine or "", container_id=container.container_id) if container else None


def _labels(path: str, facts: Facts | None) -> dict[str, str | None]:
    labels: dict[str, str | None] = {"unit": unit_of(path), "slice": slice_of(path), "pod_uid": pod_uid_of(path)}
    if facts is None:
        return labels
    above = unit_above(path)
    return labels | {
        "unit": above if above and not is_user_manager(above) else None,
        "engine": facts.engine,
        "container_id": facts.container_id,
        "container_name": _container_name(facts),
        "image": facts.image,
        "pod_name": facts.pod_name,
        "pod_namespace": facts.pod_namespace,
    }


def _container_name(facts: Facts) -> str:
    return facts.name or ("" if _MADE_UP.fullmatch(facts.container_id) else facts.container_id)


def _name(path: str, facts: Facts | None) -> str:
    if facts is not None:
        short_id = facts.container_id[:12]
        if facts.pod_name:
            name = _container_name(facts) or ("" if facts.is_sandbox else short_id)
            return "/".join(filter(None, (facts.pod_namespace, facts.pod_name, name)))
        return _container_name(facts) or f"{facts.engine or 'container'}:{short_id}"
    last = path.rpartition("/")[2]
    if unit_of(path) or is_slice(path):
        manager = user_manager_above(path)
        return f"{manager}/{last}" if manager else last
    return path.strip("/")


def _escaped(value: str) -> str:
    if value.isprintable():
        return value
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in value)
