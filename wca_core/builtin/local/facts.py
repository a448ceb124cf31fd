"""What an engine tells about one of its containers, and what an OCI runtime was told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wca_core.builtin.local.json_file import mapping, text

_NAME = ("io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name")
_IMAGE = ("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "org.opencontainers.image.ref.name")
_POD = ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name")
_NAMESPACE = ("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace")
_TYPE = ("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType", "io.kubernetes.docker.type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Texts of others, not to be shown as they are; empty: not known."""

    engine: str = ""
    container_id: str = ""
    name: str = ""
    image: str = ""
    pod_name: str = ""
    pod_namespace: str = ""
    is_sandbox: bool = False
    """It only keeps the namespaces of a pod."""


def facts_of_annotations(engine: str, container_id: str, annotations: object) -> Facts:
    """Of the annotations, or labels, that Kubernetes, engines and their clients give a container."""
    given = mapping(annotations)
    return Facts(
        engine=engine,
        container_id=container_id,
        name=_first(given, _NAME),
        image=_first(given, _IMAGE),
        pod_name=_first(given, _POD),
        pod_namespace=_first(given, _NAMESPACE),
        is_sandbox=_first(given, _TYPE) in ("sandbox", "podsandbox"),
    )


def _first(given: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((found for key in keys if (found := text(given.get(key)))), "")
