"""What the plugin tells about its own work, beside `wca_core.net.polls`."""

from __future__ import annotations

from wca_core.model.metric import Metric, gauge

STALE = Metric(
    "wca_mesos_stale",
    "1 while the tasks are those of an earlier answer because the last question was not answered, else 0.",
    gauge,
)
