"""Passes only some metrics on to other storages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from wca_core.config.field_types import Storage
from wca_core.errors import WcaError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.model.metric import Metric, Samples
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import call_hook, hookimpl, hooks_of, plugin


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class FilterStorage:
    """Gives the samples of these metrics to each of its storages, also when none is left."""

    storages: list[Storage]
    filter: list[str] | None = None
    """Names of metrics, or shell patterns (`task_mem_*`). None: all; an empty list: nothing."""

    _passes: dict[str, bool] = field(default_factory=dict, init=False, repr=False)

    @property
    def stores_locally(self) -> bool:
        return all(getattr(storage, "stores_locally", False) for storage in self.storages)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [metric for found in self._given("describe_metrics") for metric in found]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [requirement for found in self._given("requirements") for requirement in found]

    @hookimpl
    def start(self, host: Host) -> None:
        for storage in self._with("start"):
            call_hook(storage, "start", host=host)

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        """Every storage is called, whatever the others do. Raises `WcaError` that tells of all that failed."""
        chosen = self._chosen(samples)
        self._call_all("store", lambda: {"samples": Samples([*chosen.series], [*chosen.values]), "stream": stream})

    @hookimpl
    def reload(self, host: Host) -> None:
        self._call_all("reload", lambda: {"host": host})

    @hookimpl
    def stop(self) -> None:
        self._call_all("stop", dict)

    def _call_all(self, hook: str, arguments: Callable[[], dict[str, object]]) -> None:
        failures: list[BaseException] = []
        for storage in self._with(hook):
            try:
                call_hook(storage, hook, **arguments())
            except (Exception, SystemExit) as error:  # noqa: BLE001  one must not keep the others from being called
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise WcaError("; ".join(map(str, failures))) from failures[0]

    def _given(self, hook: str) -> Iterator[Iterable[Any]]:
        for storage in self._with(hook):
            found = call_hook(storage, hook)
            yield found if isinstance(found, Iterable) else ()

    def _with(self, hook: str) -> Iterator[object]:
        return (storage for storage in self.storages if hook in hooks_of(type(storage)))

    def _chosen(self, samples: Samples) -> Samples:
        if self.filter is None:
            return samples
        return Samples.of(sample for sample in samples if self._does_pass(sample.name))

    def _does_pass(self, name: str) -> bool:
        if name not in self._passes:
            self._passes[name] = any(fnmatchcase(name, pattern) for pattern in self.filter or ())
        return self._passes[name]
