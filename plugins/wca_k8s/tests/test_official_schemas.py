"""The pods these tests are made of are pods to the official schemas of Kubernetes: the group `deploy`, 100 MB."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from plugins.wca_k8s.tests.given import captured, container, many, pod, status

kubernetes_validate: Any = pytest.importorskip(
    "kubernetes_validate", reason="the dependency group deploy is not installed"
)

LIMITS = {"cpu": "1", "memory": "1Gi"}
MADE = {
    "smallest": pod(),
    "with statuses": pod(
        statuses=[status(1), status(2, ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}, containerID="")],
        initContainerStatuses=[status(5)],
        ephemeralContainerStatuses=[status(6, ready=False)],
        hostIPs=[{"ip": "192.0.2.2"}, {"ip": "2001:db8::2"}],
    ),
    "with resources": pod(
        containers=[container(1, {"cpu": "250m", "vendor.com/gpu": 2}, LIMITS)],
        spec={
            "initContainers": [{**container(2, {"cpu": "2"}), "restartPolicy": "Always"}],
            "overhead": {"cpu": "500m"},
            "resources": {"limits": LIMITS},
            "hostPID": True,
        },
        statuses=[status(1, resources={"requests": {"cpu": "2"}})],
    ),
    "one of many": many(1)[0],
}


def completed(document: Any) -> Any:
    """With what every pod has, and nothing here looks at."""
    made = copy.deepcopy(document)
    made.update(apiVersion="v1", kind="Pod")
    if made["metadata"].get("creationTimestamp", "") is None:
        del made["metadata"]["creationTimestamp"]  # of static pods, told by a kubelet as no schema permits
    statuses = made["status"]
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in statuses.get(key, []):
            for name, value in {"image": "i", "imageID": "", "restartCount": 0}.items():
                one.setdefault(name, value)
    return made


def check(document: Any) -> None:
    kubernetes_validate.validate(completed(document), "1.37", strict=True)


@pytest.mark.parametrize("name", MADE)
def test_a_pod_made_for_tests_is_a_pod(name: str) -> None:
    check(MADE[name])


@pytest.mark.parametrize("name", ["apiserver_pods", "kubelet_pods", "kubelet_pods_full", "podlist"])
def test_a_captured_pod_is_a_pod(name: str) -> None:
    for document in captured(name):
        document["metadata"].pop("selfLink", None)  # of versions before 1.24
        check(document)


def test_what_is_no_pod_is_refused() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        check(pod(statuses=[status(containerId="typing error")]))
