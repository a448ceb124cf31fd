"""Samples as JSON objects, at the price of one concatenation each: all but the value is written once for a series."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from wca_core.exposition import is_label_name, natural
from wca_core.model.metric import Samples, Series, Value
from wca_kafka.messages import Chunk


class JsonPage:
    """The objects of one sequence of samples after another, sorted by name and labels; of equal ones the last."""

    def __init__(self, common_labels: Mapping[str, str], key_label: str | None = None) -> None:
        self._common = dict(common_labels)
        self._key_label = key_label
        self._series: list[Series] = []
        self._lines: list[tuple[int, bytes, str | None]] = []

    def lines(self, samples: Samples) -> Iterator[tuple[bytes, str | None]]:
        """Of each sample the object without its opening brace, and its key."""
        if samples.series is not self._series:
            if samples.series != self._series:
                self._lines = self._made(samples.series)
            self._series = samples.series
        values = samples.values
        return ((b"%b%b}" % (text, spelled(values[at])), key) for at, text, key in self._lines)

    def _made(self, series: Sequence[Series]) -> list[tuple[int, bytes, str | None]]:
        latest: dict[tuple[object, ...], tuple[int, Series, dict[str, str]]] = {}
        for at, one in enumerate(series):
            labels = self._labels(one)
            order = (one.name, *[part for name, value in labels.items() for part in (name, *natural(value), value)])
            latest[order] = at, one, labels
        in_order = [latest[order] for order in sorted(latest)]
        return [(at, _object_start(one, labels), self._key(labels)) for at, one, labels in in_order]

    def _labels(self, series: Series) -> dict[str, str]:
        """With the same precedence and the same names left out as in Prometheus text."""
        task_labels = series.task.all_labels if series.task else {}
        labels = {**task_labels, **self._common, **series.level_labels}
        return {name: str(labels[name]) for name in sorted(labels) if is_label_name(name)}

    def _key(self, labels: Mapping[str, str]) -> str | None:
        return labels.get(self._key_label) if self._key_label else None


def packed(lines: Iterator[tuple[bytes, str | None]], head: bytes, limit: int) -> Iterator[Chunk]:
    """Objects `{HEAD, "metrics": [...]}` of at most `limit` bytes; a longer object stands in one of its own."""
    empty = len(head) + len(b'{,"metrics":[]}')
    objects: list[bytes] = []
    size = empty
    for line, _ in lines:
        if objects and size + len(line) + 2 > limit:
            yield _document(head, objects)
            objects, size = [], empty
        objects.append(line)
        size += len(line) + 2
    if objects:
        yield _document(head, objects)


def head(host: str, timestamp_ms: int | None) -> bytes:
    """Where and when, as the members that open an object."""
    members: dict[str, object] = {"host": host, "timestamp_ms": timestamp_ms}
    if timestamp_ms is None:
        del members["timestamp_ms"]
    return _dumped(members)[1:-1]


def spelled(value: Value) -> bytes:
    """A number as JSON; the three that it does not know as texts, spelled as Prometheus does."""
    if type(value) is float and not math.isfinite(value):
        return b'"NaN"' if math.isnan(value) else b'"+Inf"' if value > 0 else b'"-Inf"'
    return b"%a" % value


def _document(head: bytes, objects: Sequence[bytes]) -> Chunk:
    return Chunk.of(b'{%b,"metrics":[{%b]}' % (head, b",{".join(objects)), len(objects))


def _object_start(series: Series, labels: Mapping[str, str]) -> bytes:
    metric = series.metric
    members = {"name": metric.name, "type": metric.type.value, "help": metric.help, "labels": labels}
    return _dumped(members)[1:-1] + b',"value":'


def _dumped(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
