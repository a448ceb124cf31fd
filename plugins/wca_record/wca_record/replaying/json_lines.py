"""A replay as JSON lines, one object a step.

| key | |
|---|---|
| step | its number in the recording, from 1 |
| time, unix | when it was recorded: ISO 8601 in UTC, and Unix seconds |
| seconds | since the first step of the recording |
| tasks | how many there were |
| anomalies | `plugin`, `victim`, `suspects`, `resource`, `uuid`, `context` (samples) |
| wishes | `plugin`, `task_id`, `type`, `value`, `state` (wished, clamped, refused), `granted`, `in_force`, `reason` |
| samples | with `--samples`: those that the plugins gave: `name`, `labels`, `value` |
| failures | `plugin` and `hook` that failed |

`is_new` of a wish is false if it repeats what the plugin wished before. Lists are there when they are
empty; unknown values are null; numbers that JSON does not have are text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from wca_core.model.metric import Sample
from wca_record.replaying.plain_values import Json, as_json_value
from wca_record.replaying.result import Finding, ReplayedStep, Wish


def json_line(step: ReplayedStep, *, with_samples: bool = False) -> str:
    """Without the end of the line."""
    found: dict[str, Json] = {
        "step": step.number,
        "time": moment(step.now),
        "unix": step.now,
        "seconds": round(step.seconds, 6),
        "tasks": len(step.tasks),
        "anomalies": [_anomaly(finding) for finding in step.findings],
        "wishes": [_wish(wish) for wish in step.wishes],
        **({"samples": _samples(step.samples)} if with_samples else {}),
        "failures": [{"plugin": one.plugin, "hook": one.hook} for one in step.failures],
    }
    return json.dumps(found, separators=(",", ":"))


def moment(unix: float) -> str:
    """`2026-11-21T20:07:43.125Z`; the number itself if there is no such date."""
    try:
        found = datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        return str(unix)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _anomaly(finding: Finding) -> Json:
    anomaly = finding.anomaly
    return {
        "plugin": finding.plugin,
        "victim": anomaly.contended_task_id,
        "suspects": list(anomaly.contending_task_ids),
        "resource": anomaly.resource.value,
        "uuid": anomaly.uuid,
        "context": _samples(anomaly.context),
    }


def _wish(wish: Wish) -> Json:
    return {
        "plugin": wish.plugin,
        "task_id": wish.task_id,
        "type": wish.type.value,
        "value": as_json_value(wish.value),
        "state": wish.state,
        "granted": as_json_value(wish.granted),
        "in_force": as_json_value(wish.in_force),
        "reason": wish.reason,
        "is_new": wish.is_new,
    }


def _samples(samples: Iterable[Sample]) -> list[Json]:
    return [
        {"name": one.name, "labels": dict(sorted(one.labels.items())), "value": as_json_value(one.value)}
        for one in samples
    ]
