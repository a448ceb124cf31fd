"""What went wrong while a task was measured, counted by whoever measured it."""

from __future__ import annotations

from wca_core.model.metric import Metric, counter

MEASUREMENT_ERRORS = Metric(
    "task_measurement_errors", "Failed measurements of the task by source.", counter, levels=("source",)
)
