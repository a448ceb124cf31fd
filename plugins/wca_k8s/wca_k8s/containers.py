"""Which containers of a pod run, from the statuses that the kubelet writes.

| `require_ready` | a pod counts if | its containers that count |
|---|---|---|
| true | all its containers are ready and have an id | all |
| false | one of them runs and has an id | those |

A status without a state is judged by `ready` alone. Init, sidecar and ephemeral containers come behind them while they
run; they never decide about the pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wca_core.linux.container_paths import NAME
from wca_core.net.untrusted import items, mapping, shown, text

BESIDE = ("initContainerStatuses", "ephemeralContainerStatuses")


class PassedOver(Exception):  # noqa: N818  what happened, not a mistake
    """Why a pod is no task now: the reason as a word for a metric, and in words for the log."""

    def __init__(self, reason: str, told: str) -> None:
        super().__init__(told)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs."""

    name: str
    container_id: str
    """Fit to be part of a path: matches `wca_core.linux.container_paths.NAME`."""
    scheme: str
    """What stood before `://`: `containerd`, `docker`, `cri-o`; empty if nothing did."""


def running_containers(
    status: Mapping[str, object], *, require_ready: bool, include_init_containers: bool
) -> tuple[Container, ...]:
    """In the order of the statuses. Raises `PassedOver`."""
    statuses = [mapping(one) for one in items(status.get("containerStatuses"))]
    if not statuses:
        raise PassedOver("no_statuses", "it has no container statuses yet")
    counted = _all_ready(statuses) if require_ready else _those_running(statuses)
    if include_init_containers:
        beside = [mapping(one) for key in BESIDE for one in items(status.get(key))]
        counted += [container for one in beside if _runs(one) and (container := _container(one))]
    return tuple(dict.fromkeys(counted))


def _all_ready(statuses: Sequence[Mapping[str, object]]) -> list[Container]:
    waited_for = [one for one in statuses if one.get("ready") is not True]
    if waited_for:
        raise PassedOver("not_ready", f"not ready: {', '.join(map(_shown, waited_for))}")
    counted = [_container(one) for one in statuses]
    if None in counted:
        raise PassedOver("no_container_id", "a ready container has no id, or none that can be part of a path")
    return [one for one in counted if one]


def _those_running(statuses: Sequence[Mapping[str, object]]) -> list[Container]:
    running = [one for one in statuses if _runs(one)]
    if not running:
        raise PassedOver("not_ready", f"none runs: {', '.join(map(_shown, statuses))}")
    counted = [container for one in running if (container := _container(one))]
    if not counted:
        raise PassedOver("no_container_id", "no running container has an id that can be part of a path")
    return counted


def _runs(status: Mapping[str, object]) -> bool:
    state = mapping(status.get("state"))
    return "running" in state if state else status.get("ready") is True


def _container(status: Mapping[str, object]) -> Container | None:
    before, separator, behind = text(status.get("containerID")).rpartition("://")
    scheme = before if separator else ""
    return Container(shown(status.get("name")), behind, scheme) if NAME.fullmatch(behind) else None


def _shown(status: Mapping[str, object]) -> str:
    states = ", ".join(_states(mapping(status.get("state"))))
    return f"{shown(status.get('name'))} ({states or 'without a state'})"


def _states(state: Mapping[str, object]) -> Iterator[str]:
    for name, details in state.items():
        reason = shown(mapping(details).get("reason"))
        yield f"{shown(name)}: {reason}" if reason else shown(name)
