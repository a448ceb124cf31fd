"""From metrics of the older interfaces to samples. What does not fit is dropped and told; the rest is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral, Real

from wca_compat.metrics import Metric
from wca_core import ContractError, Sample, Series
from wca_core.model import metric as today
from wca_core.model.metric import MetricType
from wca_core.model.shown import shown

log = logging.getLogger("wca.compat")

NO_HELP = "Given by a plugin that does not say more."

Description = tuple[MetricType, str, str]
"""Type, help and unit."""


class _Later(ContractError):  # noqa: N818  what it is
    """Of two metrics of one name the second, which says something else of itself."""


@dataclass(slots=True)
class _Made:
    """What one batch needed, for the next one."""

    metrics: dict[tuple[str, Description], today.Metric] = field(default_factory=dict)
    series: dict[tuple[today.Metric, tuple[tuple[str, str], ...]], Series] = field(default_factory=dict)


class SampleMaker:
    """Of one component: the same series for the same labels step after step."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._now = _Made()
        self._before = _Made()
        self._known: Mapping[str, today.Metric] = {}
        self._batch: dict[str, today.Metric] = {}

    def begin(self, known: Mapping[str, today.Metric]) -> None:
        """A new batch, which forgets all but the one before. `known`: what others measure, by name."""
        self._before, self._now = self._now, _Made()
        self._known, self._batch = known, {}

    def samples(self, metrics: Iterable[Metric]) -> list[Sample]:
        """Those that can be stored; each of the others is told with the component and its name."""
        found = []
        for metric in metrics:
            try:
                found.append(self._sample(metric))
            except _Later as error:
                log.warning("plugin %s: metric %s is dropped: %s", self._label, shown(metric.name), error)
            except ContractError as error:
                log.error("plugin %s: metric %s is dropped: %s", self._label, shown(metric.name), error)
        return found

    def _sample(self, given: Metric) -> Sample:
        metric = self._described(given)
        labels = _labels_of(given.labels)
        key = metric, labels
        series = self._now.series.get(key) or self._before.series.get(key) or Series.of(metric, dict(labels))
        self._now.series[key] = series
        return series.at(number_of(given.value))

    def _described(self, given: Metric) -> today.Metric:
        name = _text(given.name, "name")
        described = self._description(name, given)
        first = self._batch.get(name)
        if first is not None and (first.type is not described[0] or first.help != described[1]):
            raise _Later(f"another one of this name came first, as {first.type.value}: {first.help}")
        if first is None:
            key = name, described
            first = self._before.metrics.get(key) or today.Metric(name, described[1], described[0], described[2])
            self._now.metrics[key] = self._batch[name] = first
        return first

    def _description(self, name: str, given: Metric) -> Description:
        """What it says itself, else what is known of a metric of this name, else a gauge."""
        known = self._known.get(name)
        kind = _type_of(given.type) or (known.type if known else MetricType.GAUGE)
        text = given.help if isinstance(given.help, str) and given.help.strip() else None
        unit = given.unit if isinstance(given.unit, str) and given.unit in today.UNITS else None
        return (
            kind,
            str.__str__(text) if text else known.help if known else NO_HELP,
            str.__str__(unit) if unit else known.unit if known else "numeric",
        )


def number_of(value: object) -> today.Value:
    """A finite int or float. Raises `ContractError` for anything that is no number, and for what cannot be stored."""
    try:
        plain = _plain(value)
    except Exception:  # noqa: BLE001  numbers of others may refuse to be told
        plain = None
    if plain is None or not today.are_plain_numbers((plain,)):
        raise ContractError(f"its value is {shown(value)}; a finite number expected")
    return plain


def _plain(value: object) -> today.Value | None:
    if type(value) is float or type(value) is int:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real | Decimal):
        return float(value)
    if getattr(value, "shape", None) == () and not isinstance(value, str | bytes):  # a scalar of numpy or alike
        inner = value.item()  # type: ignore[attr-defined]
        return _plain(inner) if isinstance(inner, bool | int | float) else None
    return None


def _type_of(kind: object) -> MetricType | None:
    if kind is None:
        return None
    for known in MetricType:
        if isinstance(kind, str) and kind == known.value:
            return known
    raise ContractError(f"its type is {shown(kind)}; gauge or counter expected")


def _labels_of(labels: object) -> tuple[tuple[str, str], ...]:
    if labels is None:
        return ()
    if not isinstance(labels, Mapping):
        raise ContractError(f"its labels are a {type(labels).__name__}; a mapping of texts expected")
    if all(type(name) is str and type(value) is str for name, value in labels.items()):
        return tuple(sorted(labels.items()))
    pairs = [(_text(name, "label"), _text(value, f"label {shown(name)}")) for name, value in labels.items()]
    return tuple(sorted(pairs))


def _text(value: object, what: str) -> str:
    """As a plain text: members of enums are texts that look otherwise."""
    if not isinstance(value, str):
        raise ContractError(f"its {what} is a {type(value).__name__}; a text expected")
    return str.__str__(value)
