"""Passes only some metrics on to other storages."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from wca_core.config.field_types import Storage
from wca_core.errors import WcaError
from wca_core.hookspecs import Stream
from wca_core.model.metric import Samples
from wca_core.plugin_api import call_hook, hookimpl, plugin


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

    @property
    def contained(self) -> list[object]:
        """Started and stopped by the agent, which knows if they also stand elsewhere."""
        return list({id(storage): storage for storage in self.storages}.values())

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        """Every storage is called, whatever the others do. Raises `WcaError` that tells of all that failed."""
        chosen = self._chosen(samples)
        failures: list[BaseException] = []
        for storage in self.contained:
            try:
                copy = Samples([*chosen.series], [*chosen.values])
                copy.steady = samples.steady
                call_hook(storage, "store", samples=copy, stream=stream)
            except (Exception, SystemExit) as error:  # noqa: BLE001  one must not keep the others from being called
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise WcaError("; ".join(map(str, failures))) from failures[0]

    def _chosen(self, samples: Samples) -> Samples:
        if self.filter is None:
            return samples
        return Samples.of(sample for sample in samples if self._does_pass(sample.name))

    def _does_pass(self, name: str) -> bool:
        if name not in self._passes:
            self._passes[name] = any(fnmatchcase(name, pattern) for pattern in self.filter or ())
        return self._passes[name]
