"""The whole chain: etcd, API server, kubelet, containerd; the agent watches the API server, or asks the kubelet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from wca_k8s.apiserver import ApiServer
from wca_k8s.node import KubernetesNode

from tests.cgroups import wait_until
from tests.k8s.cluster import AGENT, Cluster, cluster
from tests.k8s.workloads import ALL, BEST_EFFORT, BURSTABLE, GUARANTEED, container, pod, processes, stopped, usage
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.errors import TaskSynchronizationException
from wca_core.host import Host
from wca_core.model.task import Task
from wca_core.net import BearerToken, HttpClient
from wca_core.testing import run_step
from wca_core.tls import SSL

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}
ASK_KUBELET = {"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}
STATIC = "default/burstable-node1"


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with cluster() as found:
        (found.node.manifests / "burstable.json").write_text(json.dumps(BURSTABLE))
        token_file(found, AGENT, "token")
        found.grant("wca-pods", {"kind": "User", "name": "wca"}, READ_PODS)
        yield found


def token_file(made: Cluster, token: str, name: str) -> str:
    path = made.node.folder / name
    path.write_text(f"{token}\n")
    path.chmod(0o600)
    return str(path)


def of_api(made: Cluster, **fields: object) -> KubernetesNode:
    defaults: dict[str, object] = {
        "kubeapi_host": "127.0.0.1",
        "kubeapi_port": made.port,
        "node_name": made.node.name,
        "server_cert_ca_path": made.node.authority.certificate,
        "client_token_path": f"{made.node.folder}/token",
        "cgroup_root": made.node.cgroup,
    }
    return KubernetesNode(**{**defaults, **fields})  # type: ignore[arg-type]


@contextmanager
def started(node: KubernetesNode) -> Iterator[Callable[[], dict[str, Task]]]:
    """What a node finds, by name, as often as one asks."""
    host = Host()
    node.start(host)
    try:
        yield lambda: {task.name: task for task in node.discover_tasks(host)}
    finally:
        node.stop()


def test_who_may_not_list_pods_is_refused_until_a_role_permits_it(made: Cluster) -> None:
    token = token_file(made, made.service_account_token("lister"), "lister")
    with started(of_api(made, watch=False, client_token_path=token)) as tasks:
        with pytest.raises(TaskSynchronizationException, match=r"403 Forbidden: .*cannot list resource"):
            tasks()

        made.grant("wca-lister", {"kind": "ServiceAccount", "name": "lister", "namespace": "default"}, READ_PODS)

        wait_until(lambda: is_permitted(tasks), "the role has no effect", 30)


def is_permitted(tasks: Callable[[], dict[str, Task]]) -> bool:
    try:
        return STATIC in tasks()
    except TaskSynchronizationException:
        return False


def test_a_token_nobody_knows_is_refused(made: Cluster) -> None:
    unknown = token_file(made, "nobody", "unknown")
    with (
        started(of_api(made, watch=False, client_token_path=unknown)) as tasks,
        pytest.raises(TaskSynchronizationException, match="401 Unauthorized"),
    ):
        tasks()


def test_pods_come_and_go_while_the_api_server_is_watched(made: Cluster) -> None:
    coming = pod("coming", [container("only", requests=ALL, limits=ALL)])
    with started(of_api(made)) as tasks:
        wait_until(lambda: STATIC in tasks(), "the static pod does not run", 120)
        made.start_pod(coming)
        wait_until(lambda: "default/coming" in tasks(), "the pod does not run", 120)
        first = tasks()["default/coming"]
        assert first.cgroup_path == f"{made.node.cgroup}/kubepods/pod{first.task_id}"
        assert [len(processes(path)) for path in first.subcgroups_paths] == [1]

        made.delete_pod("coming")
        wait_until(lambda: "default/coming" not in tasks(), "the pod does not go", 120)
        made.start_pod(coming)
        wait_until(lambda: "default/coming" in tasks(), "the pod does not run again", 120)
        assert tasks()["default/coming"].task_id != first.task_id
        made.delete_pod("coming")
        wait_until(lambda: "default/coming" not in tasks(), "the pod does not go", 120)


def test_a_mirror_pod_is_found_by_the_hash_of_its_configuration(made: Cluster) -> None:
    with started(of_api(made)) as tasks:
        wait_until(lambda: STATIC in tasks(), "the static pod does not run", 120)
        task = tasks()[STATIC]

    mirror = made.must("GET", f"/api/v1/namespaces/default/pods/{STATIC.partition('/')[2]}")
    assert task.task_id == mirror["metadata"]["uid"]
    assert task.task_id not in task.cgroup_path
    assert task.cgroup_path.endswith(f"/burstable/pod{mirror['metadata']['annotations']['kubernetes.io/config.hash']}")
    assert len(task.subcgroups_paths) == 2


def test_watching_and_asking_the_api_server_and_asking_the_kubelet_find_the_same(made: Cluster) -> None:
    token = token_file(made, made.service_account_token("both"), "both")
    made.grant("wca-both", {"kind": "ServiceAccount", "name": "both", "namespace": "default"}, ASK_KUBELET)
    kubelet = KubernetesNode(
        kubelet_enabled=True,
        kubelet_endpoint=made.node.url,
        client_token_path=token,
        server_cert_ca_path=made.node.authority.certificate,
        cgroup_root=made.node.cgroup,
    )
    with started(of_api(made)) as watched, started(of_api(made, watch=False)) as asked, started(kubelet) as told:
        wait_until(lambda: STATIC in watched(), "the static pod does not run", 120)
        paths = [
            {name: (task.cgroup_path, sorted(task.subcgroups_paths)) for name, task in tasks().items()}
            for tasks in (watched, asked, told)
        ]

    assert paths[0] == paths[1] == paths[2]


@pytest.mark.parametrize("ahead", [0, 1_000_000])
def test_a_list_is_no_older_than_what_is_known_and_comes_though_there_is_none_so_new(made: Cluster, ahead: int) -> None:
    token = BearerToken(f"{made.node.folder}/token")
    tls = SSL(server_verify=made.node.authority.certificate)
    client = HttpClient(f"https://127.0.0.1:{made.port}", timeout=10, tls=tls, authorization=token)
    api = ApiServer(client=client, timeout=10, page_limit=1, node_name=made.node.name)
    first = api.list("default")

    again = api.list("default", not_before=str(int(first.version) + ahead))
    client.close()

    assert int(again.version) >= int(first.version)


def test_a_service_account_is_refused_by_the_kubelet_until_a_role_permits_it(made: Cluster) -> None:
    token = token_file(made, made.service_account_token("agent"), "account")
    node = KubernetesNode(
        kubelet_enabled=True,
        kubelet_endpoint=made.node.url,
        client_token_path=token,
        server_cert_ca_path=made.node.authority.certificate,
        cgroup_root=made.node.cgroup,
    )
    with started(node) as tasks:
        with pytest.raises(TaskSynchronizationException, match=r"403 Forbidden: .*system:serviceaccount:default:agent"):
            tasks()

        made.grant("wca-agent", {"kind": "ServiceAccount", "name": "agent", "namespace": "default"}, ASK_KUBELET)

        wait_until(lambda: is_permitted(tasks), "the role has no effect", 60)


def test_pods_of_all_classes_are_measured_as_the_kernel_says(made: Cluster) -> None:
    made.start_pod(GUARANTEED)
    made.start_pod(BEST_EFFORT)
    with started(of_api(made)) as tasks:
        wait_until(lambda: len(tasks()) == 3, "the pods do not run", 120)
        found = tasks()
        for task in found.values():
            wait_until(lambda task=task: usage(task.subcgroups_paths) > 0.1, "no CPU time is used", 60)  # type: ignore[misc]
        with stopped([path for task in found.values() for path in task.subcgroups_paths]):
            truth = {task.task_id: usage(task.subcgroups_paths) for task in found.values()}
            step = run_step(Host(), [of_api(made), CgroupMetrics()])
            assert truth == {task.task_id: usage(task.subcgroups_paths) for task in found.values()}

    assert step.values("task_cpu_usage_seconds") == pytest.approx(truth, abs=1e-6)
    assert {task.labels["app_kubernetes_io__qos_class"] for task in found.values()} == {
        *("guaranteed", "burstable", "besteffort")
    }
