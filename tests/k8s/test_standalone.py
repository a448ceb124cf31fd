"""A real kubelet alone with static pods, asked with a client certificate."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest
from wca_k8s.cgroups import CgroupDriverType
from wca_k8s.node import KubernetesNode

from tests.cgroups import wait_until
from tests.command import wca
from tests.k8s.node import Node, bare_node, kubelet
from tests.k8s.workloads import BEST_EFFORT, THREE, processes, stopped, usage
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.errors import TaskSynchronizationException
from wca_core.host import Host
from wca_core.model.task import Task
from wca_core.testing import run_step
from wca_core.tls import SSL

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

COUNTS = {"default/guaranteed-node1": 1, "default/burstable-node1": 2, "default/besteffort-node1": 3}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with bare_node() as made:
        for one in THREE:
            (made.manifests / f"{one['metadata']['name']}.json").write_text(json.dumps(one))
        made.authority.sign("agent")
        with kubelet(made):
            yield made


def discoverer(node: Node, **fields: object) -> KubernetesNode:
    shown = SSL(
        server_verify=node.authority.certificate,
        client_cert_path=f"{node.folder}/pki/agent.pem",
        client_key_path=f"{node.folder}/pki/agent.key",
    )
    defaults: dict[str, object] = {"ssl": shown, "kubelet_endpoint": node.url, "cgroup_root": node.cgroup}
    return KubernetesNode(kubelet_enabled=True, **{**defaults, **fields})  # type: ignore[arg-type]


def tasks_once_all_run(found: KubernetesNode) -> dict[str, Task]:
    tasks: dict[str, Task] = {}

    def is_so() -> bool:
        tasks.clear()
        tasks.update({task.name: task for task in found.discover_tasks(Host())})
        return {name: len(task.subcgroups_paths) for name, task in tasks.items()} == COUNTS

    wait_until(is_so, "the pods do not run", 120)
    return tasks


def test_pods_of_all_three_classes_are_tasks_with_their_containers(node: Node) -> None:
    tasks = tasks_once_all_run(discoverer(node))

    for name, task in tasks.items():
        qos = name.removeprefix("default/").removesuffix("-node1")
        above = f"{node.cgroup}/kubepods" if qos == "guaranteed" else f"{node.cgroup}/kubepods/{qos}"
        assert task.cgroup_path == f"{above}/pod{task.task_id}"
        assert task.labels == {"app_kubernetes_io__name": qos, "app_kubernetes_io__qos_class": qos}
        for path in task.subcgroups_paths:
            assert re.fullmatch(rf"{task.cgroup_path}/[0-9a-f]{{64}}", path)
            assert len(processes(path)) == 1
    assert tasks["default/guaranteed-node1"].resources["cpus"] == 0.2
    assert tasks["default/guaranteed-node1"].resources["limits_mem"] == 32 * 2**20
    assert tasks["default/burstable-node1"].resources["cpus"] == 0.1
    assert tasks["default/besteffort-node1"].resources == {}


def test_the_driver_is_found_out(node: Node) -> None:
    fixed = tasks_once_all_run(discoverer(node))

    assert tasks_once_all_run(discoverer(node, cgroup_driver=CgroupDriverType.AUTO)) == fixed


def test_a_kubelet_shuffles_its_pods_and_tasks_keep_their_places(node: Node) -> None:
    found = discoverer(node)
    tasks_once_all_run(found)
    first = found.discover_tasks(Host())

    assert all(one is other for _ in range(20) for one, other in zip(first, found.discover_tasks(Host()), strict=True))


def test_what_containers_use_is_what_the_kernel_says(node: Node) -> None:
    found = discoverer(node)
    tasks = tasks_once_all_run(found)
    for task in tasks.values():
        wait_until(lambda task=task: usage(task.subcgroups_paths) > 0.1, "no CPU time is used", 60)  # type: ignore[misc]

    with stopped([path for task in tasks.values() for path in task.subcgroups_paths]):
        truth = {task.task_id: usage(task.subcgroups_paths) for task in tasks.values()}
        step = run_step(Host(), [found, CgroupMetrics()])
        assert truth == {task.task_id: usage(task.subcgroups_paths) for task in tasks.values()}

    assert step.values("task_cpu_usage_seconds") == pytest.approx(truth, abs=1e-6)
    assert step.values("task_pids") == {task.task_id: len(task.subcgroups_paths) for task in tasks.values()}


def test_the_command_lists_the_pods_of_the_kubelet_with_their_measurements(node: Node) -> None:
    tasks_once_all_run(discoverer(node))
    files = {
        "server_verify": node.authority.certificate,
        "client_cert_path": f"{node.folder}/pki/agent.pem",
        "client_key_path": f"{node.folder}/pki/agent.key",
    }
    done = wca(
        *("run", "--root", "--no-lock", "--once", "--plugins", "k8s", "--set", "k8s.kubelet_enabled=true"),
        *("--set", f"k8s.kubelet_endpoint={node.url}", "--set", f"k8s.cgroup_root={node.cgroup}"),
        *("--set", f"k8s.ssl=!SSL {{{', '.join(f'{name}: {path}' for name, path in files.items())}}}"),
    )

    assert done.returncode == 0, done.stderr
    found = re.findall(r'^task_cpu_usage_seconds\{.*task_name="([^"]*)"\} (\S+)', done.stdout + done.stderr, re.M)
    assert {name for name, _ in found} == set(COUNTS)
    assert all(float(value) > 0 for _, value in found)


def test_a_container_that_restarts_is_another_one_of_the_same_task(node: Node) -> None:
    found = discoverer(node)
    before = tasks_once_all_run(found)["default/burstable-node1"]
    (pid,) = processes(before.subcgroups_paths[0])

    os.kill(pid, signal.SIGKILL)

    def is_another() -> bool:
        tasks = {task.name: task for task in found.discover_tasks(Host())}
        after = tasks.get(before.name)
        return after is not None and after.subcgroups_paths[0] != before.subcgroups_paths[0]

    wait_until(is_another, "the container does not start again", 120)
    after = tasks_once_all_run(found)[before.name]
    assert (after.task_id, after.cgroup_path) == (before.task_id, before.cgroup_path)
    assert after.subcgroups_paths[1] == before.subcgroups_paths[1]
    assert len(processes(after.subcgroups_paths[0])) == 1


def test_who_shows_no_certificate_is_refused(node: Node) -> None:
    stranger = discoverer(node, ssl=SSL(server_verify=node.authority.certificate), client_token_path=None)

    with pytest.raises(TaskSynchronizationException, match="401 Unauthorized"):
        stranger.discover_tasks(Host())


def test_who_does_not_trust_the_kubelet_is_told_what_to_do(node: Node) -> None:
    with pytest.raises(TaskSynchronizationException, match="serverTLSBootstrap"):
        discoverer(node, ssl=None).discover_tasks(Host())


def test_a_pod_that_is_deleted_is_no_task_and_one_made_anew_is_another(node: Node) -> None:
    found = discoverer(node)
    before = tasks_once_all_run(found)["default/besteffort-node1"]
    manifest = node.manifests / "besteffort.json"
    manifest.unlink()
    wait_until(
        lambda: before.name not in {task.name for task in found.discover_tasks(Host())}, "the pod does not end", 120
    )

    changed = json.loads(json.dumps(BEST_EFFORT))
    changed["metadata"]["labels"]["again"] = "yes"
    manifest.write_text(json.dumps(changed))
    after = tasks_once_all_run(found)[before.name]

    assert after.task_id != before.task_id
    assert after.labels["again"] == "yes"
