"""TensorFlow's CNN benchmarks (tf_cnn_benchmarks): images per second of every some steps, and of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from wca_core.errors import ConfigurationError
from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_STEP = re.compile(r"^\s*(\d+)\s+images/sec: (\S+)", re.ASCII)
_TOTAL = re.compile(r"^\s*total images/sec: (\S+)")
MODES = ("training", "prediction")


class TensorflowBenchmarkParser(LineParser):
    """`training_speed` or `prediction_speed`, `step`; `total_images_per_sec`."""

    default_mode: ClassVar[str] = "training"

    def __init__(
        self,
        regexp: str | None = None,
        separator: str | None = None,
        labels: Mapping[str, str] | None = None,
        metric_name_prefix: str = "",
        *,
        mode: str | None = None,
    ) -> None:
        """`mode`: what the benchmark was told to do. Raises `ConfigurationError` for an unknown one."""
        super().__init__(regexp, separator, labels, metric_name_prefix)
        self._mode = mode or self.default_mode
        if self._mode not in MODES:
            raise ConfigurationError(f"mode {mode!r}: {' or '.join(MODES)} expected")

    def read(self, line: str) -> Iterator[Measurement]:
        if (step := _STEP.match(line)) is not None:
            yield from self.measured(f"{self._mode}_speed", step[2])
            yield from self.measured("step", step[1])
        elif (total := _TOTAL.match(line)) is not None:
            yield from self.measured("total_images_per_sec", total[1])


class TensorflowPredictionParser(TensorflowBenchmarkParser):
    """The same of predictions, where no mode is given."""

    default_mode: ClassVar[str] = "prediction"
