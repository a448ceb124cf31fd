"""What the plugin tells about its own work, beside `wca_core.net.polls`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wca_core.model.metric import Metric, Sample, gauge

SKIPPED = Metric(
    "wca_k8s_pods_skipped",
    "Pods of the last answer that are wanted here but are no tasks now. reason: cgroup_missing (just made or just "
    "removed), not_ready, not_running, no_statuses, no_container_id, malformed, too_many (max_tasks).",
    gauge,
    levels=("reason",),
)
STALE = Metric(
    "wca_k8s_stale",
    "1 while the pods are those of an earlier answer because the last question was not answered, else 0.",
    gauge,
)
METRICS = (SKIPPED, STALE)


def samples(skipped: Mapping[str, int], *, is_stale: bool) -> Iterator[Sample]:
    """`skipped`: pods by reason."""
    for reason, count in skipped.items():
        yield SKIPPED.sample(count, reason=reason)
    yield STALE.sample(int(is_stale))
