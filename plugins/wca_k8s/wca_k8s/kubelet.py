"""The kubelet of this node: `GET /pods`. It has no watch, so it is asked in every step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.errors import WcaError
from wca_core.net import HttpClient
from wca_core.net.untrusted import mapping
from wca_k8s.answers import pod_list
from wca_k8s.cgroups import CgroupDriverType

log = logging.getLogger("wca.k8s")


@dataclass(frozen=True, slots=True)
class Kubelet:
    """Its methods wait for the network."""

    client: HttpClient

    def pods(self) -> Sequence[object]:
        """Raises `NetworkError` or `TaskSynchronizationException`."""
        return pod_list(self.client.get("/pods"), f"{self.client.url}/pods").pods

    def cgroup_driver(self) -> CgroupDriverType | None:
        """What its configuration says; None if it does not tell us."""
        try:
            answer = self.client.get("/configz")
            told = mapping(mapping(answer).get("kubeletconfig")).get("cgroupDriver")
            return CgroupDriverType(told) if told in ("cgroupfs", "systemd") else None
        except WcaError as error:
            log.info("the kubelet does not tell its cgroup driver: %s", error)
            return None

    def close(self) -> None:
        self.client.close()
