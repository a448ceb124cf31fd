"""The plugin that is examined: its class, the fields that it is made with, its hooks."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from wca_core.config.signature import Parameter, parameters_of
from wca_core.model.metric import Metric
from wca_core.plugin_api import call_hook, hooks_of
from wca_core.registry import Registry
from wca_core.testing.conformance.check import not_asked
from wca_core.testing.machine import Machine

if TYPE_CHECKING:
    from wca_core.testing.conformance.given import Given

IN_MEMORY = "/dev/shm"
ENOUGH = 100_000_000
"""Bytes."""

MakeMachine: TypeAlias = Callable[[Path], Machine]


@dataclass(frozen=True, eq=False)
class Subject:
    """A class and how to make instances of it."""

    cls: type
    fields: Mapping[str, object] = field(default_factory=dict)
    """A function instead of a value makes it anew for each instance; if it takes an argument it is given a folder."""
    make_machine: MakeMachine | None = None
    """The fake machine that the plugin needs to start, in an empty folder."""

    lives: dict[object, list[Given]] = field(default_factory=dict, init=False, repr=False)
    """What instances gave, by what they were shown."""

    @cached_property
    def registry(self) -> Registry:
        """What is installed, looked up once."""
        return Registry()

    @cached_property
    def name(self) -> str:
        """Of the entry point, or the class."""
        return self.registry.name_of(self.cls)

    @property
    def place(self) -> str:
        """Where the class stands: `module:Class`."""
        return f"{self.cls.__module__}:{self.cls.__qualname__}"

    @cached_property
    def hooks(self) -> frozenset[str]:
        return hooks_of(self.cls)

    def has(self, *hooks: str) -> bool:
        """Whether it has any of these hooks."""
        return not self.hooks.isdisjoint(hooks)

    def need(self, *hooks: str) -> None:
        """Go on only if it has one of these hooks, if any are named."""
        if hooks and not self.has(*hooks):
            not_asked(f"{self.name} has no hook {' or '.join(hooks)}")

    def given(self, folder: Path) -> dict[str, object]:
        """The fields of one instance, whose files may be in this folder."""
        return {name: _value(value, folder) for name, value in self.fields.items()}

    def new(self, folder: Path) -> object:
        """An instance made in Python. Raises `NotAskedError`, which names the fields that nobody gave."""
        missing = [one.name for one in self.parameters.values() if one.is_required and one.name not in self.fields]
        if missing:
            call = ", ".join(f"{name}=..." for name in missing)
            not_asked(f"{self.cls.__name__} needs {', '.join(missing)}: conformance({self.cls.__name__}, {call})")
        return self.made(self.given(folder))

    def made(self, given: Mapping[str, object]) -> object:
        """An instance of these very values. Raises `NotAskedError` if the constructor raises."""
        try:
            return self.cls(**given)
        except Exception as error:  # noqa: BLE001  a constructor may raise anything
            not_asked(f"{self.cls.__name__} cannot be made of the fields given: {type(error).__name__}: {error}")

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Its fields by name; none if they cannot be found out, which is a check of its own."""
        try:
            return parameters_of(self.cls)
        except (TypeError, ValueError):
            return {}

    def described(self) -> list[object]:
        """What a fresh instance says that it yields; nothing if it has no such hook or raises."""
        if "describe_metrics" not in self.hooks:
            return []
        with scratch() as folder:
            found = call_hook(self.new(folder), "describe_metrics")
            return list(found) if isinstance(found, Iterable) else []

    @cached_property
    def own_metric_names(self) -> frozenset[str]:
        """Of the metrics that it describes."""
        try:
            return frozenset(one.name for one in self.described() if isinstance(one, Metric))
        except (Exception, SystemExit):  # noqa: BLE001  a check of its own tells
            return frozenset()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = new_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_folder() -> Path:
    """In memory where there is room: thousands of small files are made and removed."""
    try:
        room = os.statvfs(IN_MEMORY)
        has_room = room.f_bavail * room.f_frsize > ENOUGH and os.access(IN_MEMORY, os.W_OK)
    except OSError:
        has_room = False
    return Path(tempfile.mkdtemp(prefix="wca-conformance-", dir=IN_MEMORY if has_room else None))


def _value(value: object, folder: Path) -> object:
    if not inspect.isroutine(value):
        return value
    return value(folder) if inspect.signature(value).parameters else value()
