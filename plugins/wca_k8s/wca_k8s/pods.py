"""From a pod of the API to what WCA needs of it: pure, so that every odd pod can be a test of some lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from wca_core.linux.container_paths import NAME
from wca_core.model.selector import Selector
from wca_core.net.untrusted import items, mapping, shown, text
from wca_k8s.amounts import PodAmounts
from wca_k8s.containers import Container, PassedOver, running_containers
from wca_k8s.labels import QOS, TASK_CLASS, sanitized_labels
from wca_k8s.qos import QosClass, qos_class

HostNamespacePods: TypeAlias = Literal["include", "exclude", "only"]

HASHES = ("kubernetes.io/config.hash", "kubernetes.io/config.mirror")
"""Annotations of static pods that say by which uid the kubelet named the cgroup."""
HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which pods are wanted, and what of them."""

    namespaces: frozenset[str] | None = None
    """None: all."""
    node_name: str = ""
    node_ip: str = ""
    """If either is given, pods of other nodes are not wanted."""
    require_ready: bool = True
    include_init_containers: bool = True
    host_namespace_pods: HostNamespacePods = "include"
    selector: Selector | None = None
    exclude_selector: Selector | None = None
    use_status_resources: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that runs."""

    uid: str
    cgroup_uids: tuple[str, ...]
    """Those that its cgroup may be named by, the likeliest first; each matches `container_paths.NAME`."""
    name: str
    """`NAMESPACE/NAME`"""
    qos: QosClass
    labels: Mapping[str, str]
    resources: Mapping[str, float]
    containers: tuple[Container, ...]
    resources_by_container: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pod of the API is to us."""

    pod: Pod | None = None
    reason: str = ""
    """Why it is no task now, a word; empty for one that is, and for one that is not wanted."""
    told: str = ""
    """The same in words."""
    complaints: tuple[str, ...] = ()
    """What is wrong with it, though it is a task."""


def uid_of(document: object) -> str:
    """The uid of a pod; empty if there is none that can be part of a path."""
    uid = text(mapping(mapping(document).get("metadata")).get("uid"))
    return uid if NAME.fullmatch(uid) else ""


def name_of(document: object) -> str:
    """`NAMESPACE/NAME`, as far as they are there."""
    metadata = mapping(mapping(document).get("metadata"))
    return f"{shown(metadata.get('namespace'))}/{shown(metadata.get('name'))}"


def is_on_node(document: object, rules: Rules) -> bool:
    """Whether a pod is bound to our node, if we know which that is."""
    if not rules.node_name and not rules.node_ip:
        return True
    status = mapping(mapping(document).get("status"))
    node_name = text(mapping(mapping(document).get("spec")).get("nodeName"))
    addresses = {text(status.get("hostIP")), *(text(mapping(one).get("ip")) for one in items(status.get("hostIPs")))}
    is_named = bool(rules.node_name) and node_name == rules.node_name
    return is_named or (bool(rules.node_ip) and rules.node_ip in {address.strip() for address in addresses})


def verdict_on(document: object, rules: Rules) -> Verdict:
    """Never raises, whatever the document is."""
    pod = mapping(document)
    if not _is_wanted(pod, rules):
        return Verdict()
    uid, name = uid_of(document), name_of(document)
    if not uid or name.startswith("/") or name.endswith("/"):
        return Verdict(
            reason="malformed", told="a pod with namespace, name and a uid of letters, digits, . _ : - expected"
        )
    status = mapping(pod.get("status"))
    try:
        _check_phase(status)
        containers = running_containers(
            status,
            require_ready=rules.require_ready,
            include_init_containers=rules.include_init_containers,
        )
    except PassedOver as passed:
        return Verdict(reason=passed.reason, told=str(passed))
    complaints: list[str] = []
    amounts = PodAmounts.of(pod, complaints, use_status=rules.use_status_resources)
    made = _pod(pod, uid, containers, amounts, complaints)
    return Verdict(pod=made, complaints=tuple(complaints))


def _is_wanted(pod: Mapping[str, object], rules: Rules) -> bool:
    metadata, spec = mapping(pod.get("metadata")), mapping(pod.get("spec"))
    labels = mapping(metadata.get("labels"))
    uses_host = any(spec.get(name) is True for name in HOST_NAMESPACES)
    return (
        is_on_node(pod, rules)
        and (rules.namespaces is None or metadata.get("namespace") in (*rules.namespaces, None))
        and (rules.host_namespace_pods == "include" or uses_host is (rules.host_namespace_pods == "only"))
        and (rules.selector is None or rules.selector.matches(labels))
        and (rules.exclude_selector is None or not rules.exclude_selector.matches(labels))
    )


def _check_phase(status: Mapping[str, object]) -> None:
    phase = status.get("phase")
    if phase not in (None, "", "Running"):
        raise PassedOver("not_running", f"its phase is {shown(phase)}")


def _pod(
    pod: Mapping[str, object],
    uid: str,
    containers: tuple[Container, ...],
    amounts: PodAmounts,
    complaints: list[str],
) -> Pod:
    metadata = mapping(pod.get("metadata"))
    qos = qos_class(text(mapping(pod.get("status")).get("qosClass")), amounts.of_all, amounts.whole_pod)
    annotations = mapping(metadata.get("annotations"))
    of_class = {key: value for key, value in annotations.items() if key == TASK_CLASS}
    labels, wrong_labels = sanitized_labels({**of_class, **mapping(metadata.get("labels"))})
    complaints += wrong_labels
    named = [text(annotations.get(key)) for key in HASHES]
    return Pod(
        uid=uid,
        cgroup_uids=tuple(dict.fromkeys([*filter(NAME.fullmatch, named), uid])),
        name=name_of(pod),
        qos=qos,
        labels={**labels, QOS: qos.value},
        resources=amounts.resources,
        containers=containers,
        resources_by_container=amounts.resources_by_container,
    )
