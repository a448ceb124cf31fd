"""Passes only some metrics on to other storages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from wca_core.errors import ConfigurationError, WcaError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.model.metric import Samples
from wca_core.plugin_api import call_hook, hookimpl, hooks_of, plugin


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class FilterStorage:
    """Gives the samples of these metrics to each of its storages, also when none is left."""

    storages: list[object]
    filter: list[str] | None = None
    """Names of metrics, or shell patterns (`task_mem_*`). None: all; an empty list: nothing."""

    _passes: dict[str, bool] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for storage in self.storages:
            if "store" not in hooks_of(type(storage)):
                found = type(storage).__name__
                raise ConfigurationError(f"storages: a plugin with the hook store expected, found {found}")

    @property
    def stores_locally(self) -> bool:
        return all(getattr(storage, "stores_locally", False) for storage in self.storages)

    @hookimpl
    def start(self, host: Host) -> None:
        for storage in self._with("start"):
            call_hook(storage, "start", host=host)

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        """Every storage is called, whatever the others do. Raises `WcaError` that tells of all that failed."""
        chosen = self._chosen(samples)
        failures: list[Exception] = []
        for storage in self._with("store"):
            try:
                own = Samples(chosen.series, chosen.values)
                call_hook(storage, "store", samples=own, stream=stream)
            except Exception as error:  # noqa: BLE001  one storage must not keep the others from being called
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise WcaError("; ".join(map(str, failures))) from failures[0]

    @hookimpl
    def stop(self) -> None:
        for storage in self._with("stop"):
            call_hook(storage, "stop")

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
