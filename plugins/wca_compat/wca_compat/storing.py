"""Gives an older storage its metrics: a list of `wca.metrics.Metric` with all labels, one call a step and stream."""

from __future__ import annotations

from collections.abc import Mapping

from wca_compat.adapted import Adapted, contained
from wca_compat.metrics import Metric
from wca_compat.signatures import STORE, count_of
from wca_compat.storage import ServedStorage
from wca_core import Host, Samples, Series, Stream, hookimpl
from wca_core.plugin_api import call_hook


class StorageAdapter(Adapted):
    """A storage around a component with `store(metrics)`; it may wait, so the agent calls it beside its steps.

    Behind one of the storages of ours that `wca.storage` serves stands ours itself, which is given the samples as
    they are.
    """

    def prepare(self) -> None:
        count_of(self.component, "store", STORE)
        super().prepare()
        is_ours = getattr(type(self.component), "store", None) is ServedStorage.store
        self._ours: object = self.component.ours.plugin if is_ours else None  # type: ignore[attr-defined]
        self._as_metrics: dict[Stream, _AsMetrics] = {}
        self._labels: Mapping[str, str] = {}

    @property
    def contained(self) -> tuple[object, ...]:
        """Started and stopped by the agent."""
        return () if self._ours is None else (self._ours,)

    @property
    def stores_locally(self) -> bool:
        return bool(getattr(self._ours, "stores_locally", False))

    @hookimpl
    def start(self, host: Host) -> None:
        self._labels = host.labels

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        if self._ours is not None:
            call_hook(self._ours, "store", samples=samples, stream=stream)
            return
        if stream not in self._as_metrics:
            self._as_metrics[stream] = _AsMetrics(self._labels)
        metrics = self._as_metrics[stream].of(samples)
        with contained(self.label, "store"):
            self.component.store(metrics)  # type: ignore[attr-defined]


class _AsMetrics:
    """Samples as metrics, in new objects each time; what a series comes to is found out once for a list of series."""

    def __init__(self, common_labels: Mapping[str, str]) -> None:
        self._common = common_labels
        self._series: list[Series] = []
        self._labels: list[dict[str, str]] = []

    def of(self, samples: Samples) -> list[Metric]:
        if samples.series is not self._series:
            self._series, self._labels = samples.series, list(map(self._labels_of, samples.series))
        triples = zip(samples.series, self._labels, samples.values, strict=True)
        return [_metric(series, dict(labels), value) for series, labels, value in triples]

    def _labels_of(self, series: Series) -> dict[str, str]:
        """As they are written: the common ones over those of the task, under the levels."""
        of_task = series.task.all_labels if series.task else {}
        return {**of_task, **self._common, **series.level_labels}


def _metric(series: Series, labels: dict[str, str], value: float) -> Metric:
    described = series.metric
    return Metric(
        name=described.name,
        value=value,
        labels=labels,
        unit=described.unit,
        type=described.type,
        help=described.help,
        granularity=described.granularity,
    )
