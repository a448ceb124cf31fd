"""Which pods count, and what is taken from them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_k8s.labels import QOS
from wca_k8s.pods import Pod, Rules, verdict_on

from plugins.wca_k8s.tests.given import UID, captured, container, container_id, pod, status
from wca_core.model.selector import parse_selector
from wca_core.model.task_class import TaskClass, TaskClasses
from wca_core.testing import make_task

DEFAULT = Rules(namespaces=frozenset({"default"}))
NOT_READY = status(2, ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}, containerID="")


def counted(document: object, **rules: Any) -> Pod:
    verdict = verdict_on(document, Rules(**rules))
    assert verdict.pod is not None, verdict
    return verdict.pod


def reason(document: object, **rules: Any) -> str:
    verdict = verdict_on(document, Rules(**rules))
    assert verdict.pod is None
    return verdict.reason


def names(found: Pod) -> list[str]:
    return [container.name for container in found.containers]


def test_a_running_pod_is_named_by_namespace_and_name_and_known_by_its_uid() -> None:
    found = counted(pod(name="web-0", namespace="shop", metadata={"labels": {"app.kubernetes.io/name": "web"}}))

    assert (found.uid, found.name, found.qos) == (UID, "shop/web-0", "burstable")
    assert found.labels == {"app_kubernetes_io__name": "web", QOS: "burstable"}
    assert found.containers[0].container_id == container_id(1)
    assert found.containers[0].scheme == "containerd"


@pytest.mark.parametrize("labels", [None, {}, "odd"])
def test_labels_may_be_missing(labels: object) -> None:
    assert counted(pod(metadata={"labels": labels})).labels == {QOS: "burstable"}


def test_the_class_of_a_pod_may_be_an_annotation_and_a_label_comes_first() -> None:
    other, best_effort = {"note": "x"}, {"wca.io/class": "best-effort"}
    annotated = pod(metadata={"annotations": {**other, **best_effort}})
    both = pod(metadata={"annotations": best_effort, "labels": {"wca.io/class": "latency-critical"}})

    assert counted(annotated).labels == {"wca_io__class": "best-effort", QOS: "burstable"}
    assert counted(both).labels == {"wca_io__class": "latency-critical", QOS: "burstable"}
    assert TaskClasses().of(make_task("/pod", labels=counted(annotated).labels)) is TaskClass.BEST_EFFORT


@pytest.mark.parametrize("annotation", [5, None, ["best-effort"], {}])
def test_an_annotation_that_is_no_text_is_left_out(annotation: object) -> None:
    assert counted(pod(metadata={"annotations": {"wca.io/class": annotation}})).labels == {QOS: "burstable"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kubelet_pods", {"default/be-static-node1": 2, "default/redis-static-node1": 1}),
        (
            "kubelet_pods_full",
            {"default/be-static-node1": 2, "default/redis-static-node1": 1, "default/api-pod": 1},
        ),
        ("apiserver_pods", {"default/be-static-node1": 2, "default/redis-static-node1": 1, "default/api-pod": 1}),
        ("podlist", {"default/redis-0": 1}),
    ],
)
def test_pods_of_real_servers_count(name: str, found: dict[str, int]) -> None:
    pods = [counted(document) for document in captured(name)]

    assert {one.name: len(one.containers) for one in pods} == found


def test_a_real_pod_has_what_it_asked_for() -> None:
    (redis,) = (one for one in captured("kubelet_pods") if one["metadata"]["name"].startswith("redis"))

    assert counted(redis).resources == {
        "requests_cpu": 0.2,
        "requests_memory": 32 * 2**20,
        "limits_cpu": 0.5,
        "limits_memory": 64 * 2**20,
        "cpus": 0.2,
        "mem": 32 * 2**20,
        "requests_cpus": 0.2,
        "requests_mem": 32 * 2**20,
        "limits_cpus": 0.5,
        "limits_mem": 64 * 2**20,
        "limits_complete": 1.0,
        "effective_requests_cpu": 0.2,
        "effective_requests_memory": 32 * 2**20,
    }


# -- the node ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        {"node_name": "node1"},
        {"node_ip": "192.0.2.2"},
        {"node_name": "node1", "node_ip": "198.51.100.1"},
        {"node_name": "other", "node_ip": "192.0.2.2"},
        {"node_ip": "2001:db8::2"},
    ],
)
def test_a_pod_of_this_node_is_known_by_the_name_or_an_address(rules: dict[str, str]) -> None:
    counted(pod(hostIP=" 192.0.2.2\n", hostIPs=[{"ip": "192.0.2.2"}, {"ip": "2001:db8::2 "}]), **rules)


@pytest.mark.parametrize("rules", [{"node_name": "node2"}, {"node_ip": "192.0.2.3"}, {"node_ip": "192.0.2"}])
def test_pods_of_other_nodes_are_not_wanted(rules: dict[str, str]) -> None:
    assert reason(pod(), **rules) == ""


def test_a_pod_that_is_not_bound_yet_is_not_wanted() -> None:
    unbound = pod(spec={"nodeName": None}, hostIP="", phase="Pending")

    assert reason(unbound, node_name="node1") == ""
    assert reason(unbound, node_ip="192.0.2.2") == ""
    assert reason(unbound, node_name="", node_ip="") == "not_running"


# -- filters -------------------------------------------------------------------------------------


def test_only_monitored_namespaces_are_wanted() -> None:
    assert verdict_on(pod(namespace="default"), DEFAULT).pod is not None
    assert reason(pod(namespace="kube-system"), namespaces=DEFAULT.namespaces) == ""
    counted(pod(namespace="kube-system"), namespaces=None)


@pytest.mark.parametrize("name", ["hostNetwork", "hostPID", "hostIPC"])
def test_pods_in_namespaces_of_the_host_may_be_left_out_or_be_the_only_ones(name: str) -> None:
    on_host, apart = pod(spec={name: True}), pod(spec={name: False})

    counted(on_host, host_namespace_pods="include")
    counted(on_host, host_namespace_pods="only")
    counted(apart, host_namespace_pods="exclude")
    assert reason(on_host, host_namespace_pods="exclude") == ""
    assert reason(apart, host_namespace_pods="only") == ""


def test_pods_are_selected_and_left_out_by_labels() -> None:
    web = pod(metadata={"labels": {"app": "web"}})

    counted(web, selector=parse_selector("app=web"), exclude_selector=parse_selector("legacy"))
    assert reason(web, selector=parse_selector("app=db")) == ""
    assert reason(web, exclude_selector=parse_selector("app in (web)")) == ""


# -- phase and containers ------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed", "Unknown", 7])
def test_only_the_phase_running_counts(phase: object) -> None:
    assert reason(pod(phase=phase)) == "not_running"


@pytest.mark.parametrize("phase", [None, "", "Running"])
def test_a_missing_phase_is_no_obstacle(phase: object) -> None:
    counted(pod(phase=phase))


def test_a_pod_that_is_being_deleted_counts_while_it_runs() -> None:
    counted(pod(metadata={"deletionTimestamp": "2026-11-21T03:10:21Z"}))


@pytest.mark.parametrize("statuses", [[], None, "odd"])
def test_a_pod_without_statuses_is_passed_over(statuses: object) -> None:
    document = pod()
    document["status"]["containerStatuses"] = statuses

    assert reason(document) == "no_statuses"
    document.pop("status")
    assert reason(document) == "no_statuses"


def test_one_container_that_is_not_ready_keeps_the_pod_out() -> None:
    verdict = verdict_on(pod(statuses=[status(1), NOT_READY]), DEFAULT)

    assert verdict.reason == "not_ready"
    assert verdict.told == "not ready: c2 (waiting: CrashLoopBackOff)"


def test_without_require_ready_those_that_run_count() -> None:
    terminated = status(3, ready=True, state={"terminated": {"reason": "Completed"}})
    unready = status(4, ready=False)

    found = counted(pod(statuses=[status(1), NOT_READY, terminated, unready]), require_ready=False)

    assert names(found) == ["c1", "c4"]
    assert reason(pod(statuses=[NOT_READY, terminated]), require_ready=False) == "not_ready"


@pytest.mark.parametrize("ready", [None, 1, "true"])
def test_a_container_is_ready_only_if_it_says_so(ready: object) -> None:
    assert reason(pod(statuses=[status(1, ready=ready)])) == "not_ready"


@pytest.mark.parametrize("state", [None, {}])
@pytest.mark.parametrize("require_ready", [True, False])
def test_a_status_without_a_state_is_judged_by_ready_alone(state: object, require_ready: bool) -> None:
    assert names(counted(pod(statuses=[status(1, state=state)]), require_ready=require_ready)) == ["c1"]
    unready = pod(statuses=[status(1, state=state, ready=False)])
    assert reason(unready, require_ready=require_ready) == "not_ready"


@pytest.mark.parametrize("odd", [None, "", "containerd://", 7, "containerd://../../etc", "containerd://a/b", "c://.."])
def test_a_container_without_an_id_that_can_be_part_of_a_path_is_left_out(odd: object) -> None:
    document = pod(statuses=[status(1), status(2, containerID=odd)])

    assert names(counted(document, require_ready=False)) == ["c1"]
    assert reason(document) == "no_container_id"
    assert reason(pod(statuses=[status(2, containerID=odd)]), require_ready=False) == "no_container_id"


def test_running_init_sidecar_and_ephemeral_containers_come_behind() -> None:
    done = status(7, ready=True, state={"terminated": {"exitCode": 0}})
    document = pod(
        statuses=[status(2), status(1)],
        initContainerStatuses=[done, status(5)],
        ephemeralContainerStatuses=[status(6, ready=False)],
    )

    assert names(counted(document)) == ["c2", "c1", "c5", "c6"]
    assert names(counted(document, include_init_containers=False)) == ["c2", "c1"]


def test_an_init_container_that_is_not_ready_does_not_decide_about_the_pod() -> None:
    sidecar = status(5, ready=False)

    assert names(counted(pod(initContainerStatuses=[sidecar]))) == ["c1", "c5"]


# -- odd pods ------------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["", None, 7, "..", ".", "a/b", "a b", "../../x", "x" * 300, "\u0661"])
def test_a_uid_that_cannot_be_part_of_a_path_makes_a_pod_malformed(uid: Any) -> None:
    assert reason(pod(uid)) == "malformed"


@pytest.mark.parametrize(
    "odd", [None, 7, "pod", [], {}, {"metadata": None}, {"metadata": [], "spec": 1, "status": "x"}]
)
def test_what_is_no_pod_is_malformed(odd: object) -> None:
    assert reason(odd) == "malformed"


def replaced(document: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of a document with something else somewhere."""
    made = copy.deepcopy(document)
    part = made
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return made


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something is in a document."""
    steps = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    below = [place for step, part in steps for place in places(part, (*path, step))]
    return [*([path] if path else []), *below]


REAL = captured("apiserver_pods")[1]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(places(REAL)), JSON, st.booleans())
def test_whatever_stands_somewhere_in_a_pod_it_is_judged(path: tuple[Any, ...], value: object, ready: bool) -> None:
    rules = Rules(require_ready=ready, node_ip="192.0.2.2", use_status_resources=True, selector=parse_selector("!x"))

    verdict_on(replaced(REAL, path, value), rules)


# -- what is taken -------------------------------------------------------------------------------


def test_the_cgroup_of_a_static_pod_bears_the_hash_of_its_configuration() -> None:
    kubelet, api = captured("kubelet_pods_full"), captured("apiserver_pods")
    by_kubelet = {counted(one).name: counted(one) for one in kubelet}
    by_api = {counted(one).name: counted(one) for one in api}
    name = "default/redis-static-node1"

    assert by_kubelet[name].cgroup_uids == (by_kubelet[name].uid,)
    assert by_api[name].cgroup_uids == (by_kubelet[name].uid, by_api[name].uid)
    assert by_api[name].uid != by_kubelet[name].uid


def test_annotations_that_cannot_be_part_of_a_path_are_not_taken() -> None:
    annotations = {"kubernetes.io/config.hash": "../../etc", "kubernetes.io/config.mirror": "abc"}

    assert counted(pod(metadata={"annotations": annotations})).cgroup_uids == ("abc", UID)


def test_the_hash_goes_before_the_mirror_and_that_before_the_uid() -> None:
    annotations = {"kubernetes.io/config.mirror": "b", "kubernetes.io/config.hash": "a"}

    assert counted(pod(metadata={"annotations": annotations})).cgroup_uids == ("a", "b", UID)


def test_a_class_the_api_does_not_tell_is_computed() -> None:
    limits = {"cpu": "1", "memory": "1Gi"}
    guaranteed = pod(qos="", containers=[container(1, None, limits)])
    with_init = pod(qos="", containers=[container(1, None, limits)], spec={"initContainers": [{"name": "i"}]})
    whole = pod(qos="", spec={"resources": {"limits": limits}})

    assert counted(guaranteed).qos == "guaranteed"
    assert counted(with_init).qos == "burstable"
    assert counted(whole).qos == "guaranteed"
    assert counted(pod(qos="")).qos == counted(pod(qos="Odd")).qos == "besteffort"


def test_a_malformed_quantity_is_told_with_pod_container_and_resource() -> None:
    verdict = verdict_on(pod(containers=[container(1, {"cpu": "much", "memory": "1Gi"})]), DEFAULT)

    assert verdict.pod is not None
    assert verdict.pod.resources["mem"] == 2**30
    assert "container c1: requests: 'cpu'" in verdict.complaints[0]


def test_sidecars_and_overhead_are_part_of_the_effective_request() -> None:
    init = [{**container(2, {"cpu": "2"}), "restartPolicy": "Always"}, container(3, {"cpu": "4"})]
    document = pod(containers=[container(1, {"cpu": "1"})], spec={"initContainers": init, "overhead": {"cpu": "500m"}})

    assert counted(document).resources["effective_requests_cpu"] == 6.5
    assert counted(document).resources["cpus"] == 1.0


def test_what_is_applied_goes_before_what_is_specified_only_if_asked_for() -> None:
    resized = status(1, resources={"requests": {"cpu": "2"}, "limits": {"cpu": "3"}})
    document = pod(containers=[container(1, {"cpu": "1"}), container(2, {"cpu": "1"})], statuses=[resized])

    assert counted(document).resources["cpus"] == 2.0
    assert counted(document, use_status_resources=True).resources["cpus"] == 3.0
    assert counted(document, use_status_resources=True).resources["limits_cpu"] == 3.0
