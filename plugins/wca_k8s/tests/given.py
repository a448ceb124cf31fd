"""Pods as the API tells them, made for tests: as small as they may be, and real ones from `fixtures`."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
UID = "6ddb564d-7c55-4657-906b-40e5ad145fc5"

Json = Any


def captured(name: str) -> list[Json]:
    """The pods of a real answer."""
    items: list[Json] = json.loads((FIXTURES / f"{name}.json").read_text())["items"]
    return items


def container_id(number: int = 1) -> str:
    return f"{number:064x}"


def status(number: int = 1, *, scheme: str = "containerd", **fields: Json) -> Json:
    """Of a container that runs."""
    defaults: dict[str, Json] = {
        "name": f"c{number}",
        "ready": True,
        "state": {"running": {"startedAt": "2026-11-21T03:10:21Z"}},
        "containerID": f"{scheme}://{container_id(number)}",
    }
    return {**defaults, **fields}


def pod(
    uid: str = UID,
    *,
    name: str = "web",
    namespace: str = "default",
    qos: str = "Burstable",
    containers: Sequence[Json] | None = None,
    statuses: Sequence[Json] | None = None,
    metadata: Mapping[str, Json] | None = None,
    spec: Mapping[str, Json] | None = None,
    **of_status: Json,
) -> Json:
    """One that runs, with one container if nothing else is said; `of_status` are further fields of its status."""
    return copy.deepcopy(
        {
            "metadata": {"uid": uid, "name": name, "namespace": namespace, **(metadata or {})},
            "spec": {"nodeName": "node1", "containers": list(containers or [{"name": "c1"}]), **(spec or {})},
            "status": {
                "phase": "Running",
                "hostIP": "192.0.2.2",
                "qosClass": qos,
                "containerStatuses": [status()] if statuses is None else list(statuses),
                **of_status,
            },
        }
    )


def container(
    number: int = 1, requests: Mapping[str, Json] | None = None, limits: Mapping[str, Json] | None = None
) -> Json:
    """As a spec describes it."""
    wanted = {"requests": requests, "limits": limits}
    return {"name": f"c{number}", "resources": {name: given for name, given in wanted.items() if given is not None}}


def many(count: int, containers: int = 2) -> list[Json]:
    """Pods of the size of a real one, each with its own uid and containers."""
    real = captured("kubelet_pods_full")[1]
    made = []
    for number in range(count):
        one = copy.deepcopy(real)
        one["metadata"].update(uid=str(uuid.UUID(int=number + 1)), name=f"pod-{number}")
        first = one["status"]["containerStatuses"][0]
        one["status"]["containerStatuses"] = [
            {**first, "name": f"c{index}", "containerID": f"containerd://{container_id(number * 100 + index + 1)}"}
            for index in range(containers)
        ]
        made.append(one)
    return made
