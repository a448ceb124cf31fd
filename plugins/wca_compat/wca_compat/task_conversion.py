"""A task of an older node as one of ours.

What is odd but harmless is put right; what would make the task another one costs that task.

| given | becomes |
|---|---|
| no name | the id |
| a relative cgroup path | one from the root; `//`, `/./` and `/` at its end go |
| a cgroup path with `..`, an empty one, no text | the task is refused |
| no labels, resources or sub-cgroups (None) | empty ones |
| a label that is a number | its text |
| `cpus`, `mem`, `disk` as text | the number it spells |
| a label or resource of another kind, None, NaN | left out |
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from wca_core.errors import ContractError
from wca_core.model.task import Task

NUMBERS = ("cpus", "mem", "disk")
"""Resources that are numbers, however they are spelled."""


def task_of(given: object) -> Task:
    """Raises `ContractError` with what is wrong."""
    task_id = plain_text(getattr(given, "task_id", None))
    if not task_id:
        raise ContractError(f"{type(given).__name__} without a task_id: {shown(given)}")
    try:
        return Task(
            task_id=task_id,
            name=plain_text(getattr(given, "name", None)) or task_id,
            cgroup_path=cgroup_path(getattr(given, "cgroup_path", None)),
            subcgroups_paths=tuple(map(cgroup_path, items(getattr(given, "subcgroups_paths", None)))),
            labels=labels(getattr(given, "labels", None)),
            resources=resources(getattr(given, "resources", None)),
        )
    except ContractError as error:
        raise ContractError(f"task {task_id!r:.80}: {error}") from error


def plain_text(value: object) -> str | None:
    """A text or number as a plain `str`, also of an enumeration of texts; None for anything else."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return str(value)
    return None


def cgroup_path(value: object) -> str:
    """A path from the root of a hierarchy. Raises `ContractError`."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    parts = [part for part in path.split("/") if part not in ("", ".")] if isinstance(path, str) else []
    if not path or not isinstance(path, str) or ".." in parts or "\0" in path:
        raise ContractError(f"the path of a cgroup expected, without '..', found {shown(value)}")
    return "/" + "/".join(parts)


def labels(given: object) -> dict[str, str]:
    """Raises `ContractError` for what is no mapping."""
    texts = {plain_text(name): plain_text(value) for name, value in pairs(given, "labels")}
    return {name: text for name, text in texts.items() if name and text is not None}


def resources(given: object) -> dict[str, float | str]:
    """Raises `ContractError` for what is no mapping."""
    amounts = {plain_text(name): amount(name, value) for name, value in pairs(given, "resources")}
    return {name: value for name, value in amounts.items() if name and value is not None}


def amount(name: object, value: object) -> float | str | None:
    """A finite number or a text; None for anything else, and for a text where only a number makes sense."""
    if isinstance(value, str) and name not in NUMBERS:
        return str.__str__(value)
    with suppress(TypeError, ValueError, OverflowError):
        number = int(value) if isinstance(value, int) else float(value)  # type: ignore[arg-type]
        return number if math.isfinite(number) else None
    return None


def pairs(given: object, what: str) -> Iterable[tuple[object, object]]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ContractError(f"{what}: a mapping expected, found {shown(given)}")
    return list(given.items())


def items(given: object) -> Iterable[object]:
    if given is None:
        return ()
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise ContractError(f"subcgroups_paths: a list expected, found {shown(given)}")
    return list(given)


def shown(value: object) -> str:
    """For messages: code of others may fail at saying what something is."""
    try:
        return f"{value!r:.80}"
    except Exception:  # noqa: BLE001
        return f"a {type(value).__name__}"
