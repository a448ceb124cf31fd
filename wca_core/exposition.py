"""Samples as Prometheus text (exposition format 0.0.4), at the price of one `%`.

A `Page` keeps the whole text as templates in its final order and remakes them only when the
list of series changes; a step fills in the values. A template is a part of some hundred kilobytes,
so that a writer need not hold all of a large page at once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import TypeAlias

from wca_core.errors import InconvertibleToPrometheusExpositionFormat
from wca_core.model.metric import LABEL_NAME, Metric, Samples, Series, Value, are_plain_numbers

log = logging.getLogger("wca.exposition")

SortKey: TypeAlias = tuple[str | int, ...]
"""Of each label its name and what `natural` makes of its value."""

PART = 1 << 17
"""Bytes after which a part of a page ends, with the metric that reaches them."""


class Page:
    """The text of one sequence of samples after another.

    `common_labels` stand on every sample: over the labels of tasks, under the levels of metrics.
    `only_labels` are the names of the labels that are printed; None: all.
    """

    def __init__(
        self,
        common_labels: Mapping[str, str] | None = None,
        *,
        timestamps: bool = False,
        only_labels: Iterable[str] | None = None,
    ) -> None:
        self._common = dict(common_labels or {})
        self._timestamps = timestamps
        self._only = None if only_labels is None else frozenset(only_labels)
        self._series: list[Series] = []
        self._parts: list[_Part] = []

    def text(self, samples: Samples, now: float = 0.0) -> bytes:
        """The samples as text; `now` [seconds] is printed behind each if the page has timestamps.

        Of samples with equal name and labels the last is kept. Raises
        `InconvertibleToPrometheusExpositionFormat` for a value that is no number.
        """
        return b"".join(self.parts(samples, now))

    def parts(self, samples: Samples, now: float = 0.0) -> Iterator[bytes]:
        """The same, each part made when it is asked for; what is raised is raised here."""
        if samples.series is not self._series:
            if samples.series != self._series:
                self._parts = list(self._made(samples.series))
            self._series = samples.series
        values: Sequence[Value] = samples.values
        if not samples.are_plain and not are_plain_numbers(values):
            values = list(map(_spelled, values))
        stamp = b" %d" % int(now * 1000) if self._timestamps else b""
        return (part.text(values, stamp) for part in self._parts)

    def _made(self, series: list[Series]) -> Iterator[_Part]:
        families: dict[str, list[int]] = {}
        for at, one in enumerate(series):
            families.setdefault(one.metric.name, []).append(at)
        labels = _LabelTexts(self._common, self._only)
        stamp = b"\0" if self._timestamps else b""
        template = bytearray()
        order: list[int] = []
        for number, name in enumerate(sorted(families)):
            metric = series[families[name][0]].metric
            family = [at for at in families[name] if _is_of_type(series[at].metric, metric)]
            template += b"\n" if metric.help and number else b""
            template += _header(metric)
            start = escape_template(name.encode())
            for at, text in labels.in_order(series, family):
                template += start + text + b" %a" + stamp + b"\n"
                order.append(at)
            if len(template) >= PART:
                yield _Part(template, order)
                template.clear()
                order.clear()
        yield _Part(template, order)


class _Part:
    """Some metrics of a page: their text, and where their values are."""

    __slots__ = ("_in_order", "_template")

    def __init__(self, template: bytearray, order: Sequence[int]) -> None:
        self._template = bytes(template)
        places = tuple(order)
        self._in_order: Callable[[Sequence[Value]], tuple[object, ...]] = (
            itemgetter(*places) if len(places) > 1 else lambda values: tuple([values[at] for at in places])
        )

    def text(self, values: Sequence[Value], stamp: bytes) -> bytes:
        """`stamp` stands behind every value."""
        template = self._template.replace(b"\0", stamp) if stamp else self._template
        return template % self._in_order(values)


def escape_value(text: str) -> str:
    """A label value between quotes; a carriage return would end the line for some readers."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ").replace('"', '\\"')


def escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ")


def escape_template(text: bytes) -> bytes:
    return text.replace(b"%", b"%%").replace(b"\0", b"")


class _Verbatim(float):
    """A number whose `repr` is spelled out, for the three that Python spells otherwise."""

    def __repr__(self) -> str:
        return "NaN" if math.isnan(self) else "+Inf" if self > 0 else "-Inf"


def _spelled(value: object) -> Value:
    if type(value) is int:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else _Verbatim(value)
    raise InconvertibleToPrometheusExpositionFormat(
        f"value {value!r} is of type {type(value).__name__}; int or float expected"
    )


class _LabelTexts:
    """The text and place of every set of labels of one page; a set shared by many series is made once."""

    def __init__(self, common: Mapping[str, str], only: frozenset[str] | None) -> None:
        self._common = common
        self._only = only
        self._plain: dict[tuple[int, bool], tuple[SortKey, bytes]] = {}

    def in_order(self, series: Sequence[Series], family: Iterable[int]) -> list[tuple[int, bytes]]:
        """Positions and label texts of a family: sorted by labels, of equal ones only the last."""
        family = list(family)
        latest = {(made := self._made(series[at]))[1]: (made[0], at) for at in family}
        if len(latest) < len(family):
            name = series[family[0]].metric.name
            _tell_once(f"metric {name} has samples with the same labels: only the last of them is written")
        return [(at, text) for text, (_, at) in sorted(latest.items(), key=lambda item: item[1][0])]

    def _made(self, series: Series) -> tuple[SortKey, bytes]:
        if series.level_values or series.free_labels:
            return self._make(series)
        owner = (id(series.task), bool(series.metric.levels))
        found = self._plain.get(owner)
        if found is None:
            found = self._plain[owner] = self._make(series)
        return found

    def _make(self, series: Series) -> tuple[SortKey, bytes]:
        labels = {**(series.task.all_labels if series.task else {}), **self._common, **series.level_labels}
        pairs = sorted((name, str(value)) for name, value in labels.items() if self._is_printed(name))
        if not pairs:
            return (), b""
        text = ",".join([f'{name}="{escape_value(value)}"' for name, value in pairs])
        encoded = f"{{{text}}}".encode(errors="replace")
        key = tuple([part for name, value in pairs for part in (name, *natural(value))])
        return key, escape_template(encoded)

    def _is_printed(self, name: str) -> bool:
        if self._only is not None and name not in self._only:
            return False
        if not is_label_name(name):
            _tell_once(f"label {name!r} is left out: it is no label name ({LABEL_NAME.pattern})")
            return False
        return True


@cache
def is_label_name(name: str) -> bool:
    return LABEL_NAME.fullmatch(name) is not None


@cache
def _tell_once(message: str) -> None:
    log.warning("%s", message)


def natural(value: str) -> tuple[int, int, str]:
    """A key that sorts numbers by size and before everything else."""
    if not (value.isascii() and value.isdigit()):
        return 1, 0, value
    digits = value.lstrip("0")  # compared as text: int() refuses numbers of some thousand digits
    return 0, len(digits), digits


def _is_of_type(metric: Metric, first: Metric) -> bool:
    if metric.type is first.type:
        return True
    _tell_once(
        f"metric {metric.name} is {first.type} for one plugin and {metric.type} for another: the latter is left out"
    )
    return False


def _header(metric: Metric) -> bytes:
    lines = ""
    if metric.help:
        lines += f"# HELP {metric.name} {escape_help(metric.help)}\n"
    lines += f"# TYPE {metric.name} {metric.type.value}\n"
    return escape_template(lines.encode(errors="replace"))
