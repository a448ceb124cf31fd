"""stress-ng: the rows of `--metrics` and `--metrics-brief`, each with its stressor; and the lines of a patched one that
tells its counter every second.

Newer ones print columns behind the six that all have: CPU used by an instance, largest resident set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from wca_core import counter
from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

COLUMNS = (
    "bogo_ops",
    "real_time",
    "user_time",
    "system_time",
    "bogo_ops_per_second_real_time",
    "bogo_ops_per_second_usr_sys_time",
)
_ROW = re.compile(r"\[\d+\]\s+([A-Za-z][\w-]*)((?:\s+[\d.]+){6,8})\s*$", re.ASCII)
_SECOND = re.compile(r"stress-ng: info:\s*\[(\d+)\] Time (\S+), counter (\S+), diff (\S+)", re.ASCII)


class StressNgParser(LineParser):
    """The columns above with a label `stressor`; `bogo_ops_counter` and `bogo_ops_gauge` of every second."""

    end_marker: ClassVar[str | None] = "..."

    def __init__(
        self,
        regexp: str | None = None,
        separator: str | None = None,
        labels: Mapping[str, str] | None = None,
        metric_name_prefix: str = "",
        *,
        drop_time_label: bool = False,
    ) -> None:
        """`drop_time_label`: without the label `stress_ng_time`, which makes new series every second."""
        super().__init__(regexp, separator, labels, metric_name_prefix)
        self._drops_time = drop_time_label

    def read(self, line: str) -> Iterator[Measurement]:
        if (row := _ROW.search(line)) is not None:
            for name, value in zip(COLUMNS, row[2].split(), strict=False):
                yield from self.measured(name, value, {"stressor": row[1]})
        elif (second := _SECOND.search(line)) is not None:
            process, time, count, difference = second.groups()
            labels = {"id_proc_stress_ng": process, **({} if self._drops_time else {"stress_ng_time": time})}
            yield from self.measured("bogo_ops_counter", count, labels, counter)
            yield from self.measured("bogo_ops_gauge", difference, labels)
