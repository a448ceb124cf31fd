"""What a Mesos agent tells, made for tests: as small as it may be, and larger answers from `fixtures`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
PLACE = "http://127.0.0.1:5051/api/v1 GET_STATE"

AURORA_PID = 4711
AURORA_CONTAINER = "8cf8ef7f-f749-4ffb-a576-4105fb29ca0e"
ROOT_PID, API_PID, LOG_PID = 4801, 4802, 4803
ROOT = "5e3a9f9c-0d0b-4d55-8f2d-9a0b2f0f7c21"
API, LOG = "c0a8f0e2-6a77-4f3e-8a44-1f0b2a9ad001", "c0a8f0e2-6a77-4f3e-8a44-1f0b2a9ad002"

Json = Any


def fixture(name: str) -> Json:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def container_id(*ids: str) -> Json:
    """Of a container: its own id last, those around it before."""
    *parents, own = ids
    return {"value": own, "parent": container_id(*parents)} if parents else {"value": own}


def status(
    state: str = "TASK_RUNNING", pid: int | None = 100, container: Sequence[str] = ("c1",), **fields: Json
) -> Json:
    """The status of a task, with a container unless there is neither a pid nor a container."""
    inside = {
        **({"container_id": container_id(*container)} if container else {}),
        **({"executor_pid": pid} if pid else {}),
    }
    return {"state": state, **({"container_status": inside} if inside else {}), **fields}


def task(task_id: str = "t1", *statuses: Json, **fields: Json) -> Json:
    """A launched task; one that runs unless statuses are given."""
    return {
        "name": f"name of {task_id}",
        "task_id": {"value": task_id},
        "agent_id": {"value": "S0"},
        "statuses": list(statuses) or [status()],
        **fields,
    }


def state(*tasks: Json, **parts: Json) -> Json:
    """An answer to GET_STATE."""
    return {"type": "GET_STATE", "get_state": {"get_tasks": {"launched_tasks": list(tasks)} if tasks else {}, **parts}}


def containers(pids: Mapping[tuple[str, ...], int | None]) -> Json:
    """An answer to GET_CONTAINERS."""
    told = [
        {"container_id": container_id(*ids), "container_status": {"executor_pid": pid} if pid else {}}
        for ids, pid in pids.items()
    ]
    return {"type": "GET_CONTAINERS", "get_containers": {"containers": told} if told else {}}


def scalar(name: Json, value: Json, **fields: Json) -> Json:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **fields}


def labels(*pairs: tuple[str, str]) -> Json:
    return {"labels": [{"key": key, "value": value} for key, value in pairs]}
