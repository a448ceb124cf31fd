"""What finding pods needs: sight of their cgroups, and somebody who tells of them. For `wca doctor`."""

from __future__ import annotations

from collections.abc import Callable

from wca_core.errors import WcaError
from wca_core.host import Host
from wca_core.linux.namespaces import is_own
from wca_core.model.requirement import Requirement

KUBELET_CURE = (
    "a role with the resource nodes/pods (before Kubernetes 1.33: nodes/proxy) and the verb get, and a kubelet with "
    "webhook authentication; or a client certificate (ssl)"
)
API_CURE = "a role with the resource pods and the verbs list and watch, and kubeapi_host, kubeapi_port as in every pod"


def host_cgroups() -> Requirement:
    return Requirement(
        need="the cgroup namespace of the host, in which pods have the paths that the kubelet gave them",
        is_met=lambda host: is_own(host.proc, "cgroup") is not True,
        found=lambda host: "this is a container with one of its own",
        cure="mount the host's /sys/fs/cgroup into the container, or --cgroupns=host",
        required=False,
        lost="all tasks",
    )


def pods_told(place: str, ask: Callable[[], object], cure: str) -> Requirement:
    """`ask` raises `WcaError` where nobody tells."""

    def complaint(_: Host) -> str:
        try:
            ask()
        except WcaError as error:
            return str(error)
        return ""

    return Requirement(
        need=f"pods of this node, told by {place}",
        is_met=lambda host: not complaint(host),
        found=complaint,
        cure=cure,
        required=False,
        lost="all tasks",
    )
