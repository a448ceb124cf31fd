"""fio: its documents of JSON (`--output-format=json`, with `--status-interval` one after another), or its plain report.

| of each job and direction (`read`, `write`, `trim`) | JSON | plain |
|---|---|---|
| `{direction}_iops`, `{direction}_bytes_per_second` since its start | yes | yes |
| `running_{direction}_iops`, `running_{direction}_bytes_per_second` since the document before | yes | no |
| `{direction}_latency_{avg,max,pNN}` of completion [microseconds] | yes | no |

All have the label `job`. A direction without any operation is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import grouped_number, number, percentile_name

LONGEST_DOCUMENT = 8 << 20
"""Characters; a longer one is left out."""
SHORTEST = 500.0
"""Milliseconds between two documents of which a rate is told; the last one may follow at once."""

_DIRECTIONS = ("read", "write", "trim")
_JOB = re.compile(r"^(\S+): \(groupid=")
_PLAIN = re.compile(r"^\s+(read|write|trim)\s*: IOPS=([\d.]+)([kMG]?), BW=\S+ \(([\d.]+)([kMGT]?B)/s\)")
_COUNTED = {"iops": "total_ios", "bytes_per_second": "io_bytes"}
_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class FioParser(LineParser):
    """See the table above."""

    _job = ""
    _document: list[str] | None = None
    """The lines of a document that has begun."""
    _length = 0

    def __init__(
        self,
        regexp: str | None = None,
        separator: str | None = None,
        labels: Mapping[str, str] | None = None,
        metric_name_prefix: str = "",
    ) -> None:
        super().__init__(regexp, separator, labels, metric_name_prefix)
        self._before: dict[tuple[int, str], tuple[float, ...]] = {}
        """Of the document before, by number of the job and direction: `runtime` and what is counted."""

    def read(self, line: str) -> Iterator[Measurement]:
        if line.rstrip() == "{":
            self._document, self._length = [], 0
        if self._document is None:
            yield from self._of_report(line)
            return
        self._document.append(line)
        self._length += len(line)
        if line.rstrip() == "}":
            document, self._document = "\n".join(self._document), None
            yield from self._of_document(document)
        elif self._length > LONGEST_DOCUMENT:
            self._document = None
            self.unreadable("a document of JSON without end")

    def _of_report(self, line: str) -> Iterator[Measurement]:
        if (job := _JOB.match(line)) is not None:
            self._job = job[1]
        elif (found := _PLAIN.match(line)) is not None:
            direction, rate, unit, amount, unit_of_bytes = found.groups()
            yield from self._scaled(f"{direction}_iops", rate, _DECIMAL[unit])
            yield from self._scaled(f"{direction}_bytes_per_second", amount, _DECIMAL[unit_of_bytes[:-1]])

    def _scaled(self, name: str, text: str, factor: float) -> Iterator[Measurement]:
        value = grouped_number(text)
        yield from self.measured(name, None if value is None else value * factor, {"job": self._job})

    def _of_document(self, text: str) -> Iterator[Measurement]:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            self.unreadable(text)
            return
        for number_of_job, job in enumerate(_mappings(document.get("jobs") if isinstance(document, dict) else None)):
            name = str(job.get("jobname", ""))
            for direction in _DIRECTIONS:
                yield from self._of_direction(name, direction, job.get(direction))
                yield from self._running(name, (number_of_job, direction), job.get(direction))

    def _of_direction(self, job: str, direction: str, found: object) -> Iterator[Measurement]:
        if not isinstance(found, dict) or not found.get("total_ios"):
            return
        latency = found.get("clat_ns")
        latency = latency if isinstance(latency, dict) else {}
        percentiles = latency.get("percentile")
        named = {
            percentile_name(str(name)): value for name, value in _items(percentiles) if number(str(name)) is not None
        }
        for name, value in {"avg": latency.get("mean"), "max": latency.get("max"), **named}.items():
            nanoseconds = _plain(value)
            if nanoseconds is not None:
                yield from self.measured(f"{direction}_latency_{name}", nanoseconds / 1e3, {"job": job})
        for name, key in (("iops", "iops"), ("bytes_per_second", "bw_bytes")):
            yield from self.measured(f"{direction}_{name}", _plain(found.get(key)), {"job": job})

    def _running(self, job: str, key: tuple[int, str], found: object) -> Iterator[Measurement]:
        """fio tells averages since its start, in which what changes now is hardly seen."""
        if not isinstance(found, dict) or not found.get("total_ios"):
            return
        counts = tuple(_plain(found.get(name)) or 0.0 for name in ("runtime", *_COUNTED.values()))
        nothing = (0.0,) * len(counts)
        before = self._before.get(key, nothing)
        if counts < before:  # fio begins anew, as after its `ramp_time`
            before = nothing
        milliseconds, *amounts = (new - old for new, old in zip(counts, before, strict=True))
        if milliseconds < SHORTEST:
            return
        self._before[key] = counts
        for name, amount in zip(_COUNTED, amounts, strict=True):
            yield from self.measured(f"running_{key[1]}_{name}", amount * 1e3 / milliseconds, {"job": job})


def _mappings(value: object) -> Iterable[dict[object, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _items(value: object) -> Iterable[tuple[object, object]]:
    return value.items() if isinstance(value, dict) else ()


def _plain(value: object) -> float | None:
    """A finite number of JSON; also one too large for a float is none."""
    return number(repr(value)) if type(value) in (int, float) else None
