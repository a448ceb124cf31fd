"""The quality of service class of a pod.

| class | containers, init containers included |
|---|---|
| guaranteed | each has a CPU and a memory limit, and requests equal to them; a request not given is the limit |
| besteffort | none has any request or limit of CPU or memory |
| burstable | any other |

Amounts of zero count as not given. Resources given for the whole pod stand for those of its containers.
https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from wca_k8s.resources import Wants

RESOURCES = ("cpu", "memory")


class QosClass(StrEnum):
    GUARANTEED = "guaranteed"
    BURSTABLE = "burstable"
    BEST_EFFORT = "besteffort"


def qos_class(told: str, containers: Sequence[Wants], whole_pod: Wants) -> QosClass:
    """`told`: what the API says; computed if that is none of the three."""
    try:
        return QosClass(told.lower())
    except ValueError:
        return _computed([whole_pod] if _is_any_set(whole_pod) else containers)


def _computed(parts: Sequence[Wants]) -> QosClass:
    if parts and all(map(_is_guaranteed, parts)):
        return QosClass.GUARANTEED
    return QosClass.BURSTABLE if any(map(_is_any_set, parts)) else QosClass.BEST_EFFORT


def _is_guaranteed(wants: Wants) -> bool:
    return all((limit := wants.limits.get(name)) and wants.requests.get(name, limit) == limit for name in RESOURCES)


def _is_any_set(wants: Wants) -> bool:
    return any(wants.limits.get(name) or wants.requests.get(name) for name in RESOURCES)
