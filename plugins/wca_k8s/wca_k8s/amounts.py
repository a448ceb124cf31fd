"""All that the containers of one pod ask for and may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wca_core.net.untrusted import items, mapping, shown
from wca_k8s.resources import (
    Amounts,
    InitWants,
    Wants,
    amounts_of,
    effective_requests,
    resources_of,
    wants_of,
)


@dataclass(frozen=True, slots=True)
class PodAmounts:
    """Containers by name, init containers in the order in which they start."""

    containers: Mapping[str, Wants]
    init: Sequence[InitWants]
    whole_pod: Wants
    overhead: Amounts

    @classmethod
    def of(cls, pod: Mapping[str, object], complaints: list[str], *, use_status: bool) -> PodAmounts:
        """`use_status`: what the status of a container says goes before its spec."""
        spec = mapping(pod.get("spec"))
        applied = _applied(pod, complaints) if use_status else {}
        containers = {}
        for one in map(mapping, items(spec.get("containers"))):
            name = shown(one.get("name"))
            containers[name] = applied.get(name) or wants_of(one.get("resources"), f"container {name}", complaints)
        init = [
            InitWants(
                wants_of(one.get("resources"), f"init container {shown(one.get('name'))}", complaints),
                one.get("restartPolicy") == "Always",
            )
            for one in map(mapping, items(spec.get("initContainers")))
        ]
        whole_pod = wants_of(spec.get("resources"), "the pod", complaints)
        return cls(containers, init, whole_pod, amounts_of(spec.get("overhead"), "overhead", complaints))

    @property
    def of_all(self) -> list[Wants]:
        """Of containers and init containers."""
        return [*self.containers.values(), *(one.wants for one in self.init)]

    @property
    def resources(self) -> dict[str, float]:
        """Of the pod as a task."""
        containers = list(self.containers.values())
        return {**resources_of(containers), **effective_requests(containers, self.init, self.overhead)}

    @property
    def resources_by_container(self) -> dict[str, dict[str, float]]:
        """Of each container as a task."""
        return {name: resources_of([wants]) for name, wants in self.containers.items()}


def _applied(pod: Mapping[str, object], complaints: list[str]) -> dict[str, Wants]:
    """By container: what is in force after a resize in place, where the kubelet tells it."""
    statuses = [mapping(one) for one in items(mapping(pod.get("status")).get("containerStatuses"))]
    return {
        (name := shown(one.get("name"))): wants_of(one.get("resources"), f"container {name}", complaints)
        for one in statuses
        if isinstance(one.get("resources"), dict)
    }
