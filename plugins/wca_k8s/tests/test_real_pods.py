"""The command measures real cgroups that a kubelet or an API server on loopback tells of, as the kernel's files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_k8s.cgroups import CgroupDriverType
from wca_k8s.pods import Rules
from wca_k8s.search import CgroupSearch
from wca_k8s.tasks import PodTasks

from plugins.wca_k8s.tests.given import UID, container_id, pod, status
from plugins.wca_k8s.tests.servers import FakeApiServer, FakeKubelet, serving
from tests.certificates import Authority, needs_openssl
from tests.cgroups import Cgroup, Cgroups, first_line, real_cgroups_or_skip
from tests.command import wca
from tests.containers import Runtime, runtime
from tests.measuring import BUSY, SLEEPING
from wca_core.host import Host
from wca_core.model.task import Task

pytestmark = [pytest.mark.root, pytest.mark.vm, needs_openssl]

LINE = re.compile(r'^(\w+)\{[^}]*task_id="([^"]*)"[^}]*\} (\S+)', re.MULTILINE)


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path / "pki")


def containers_of(cgroups: Cgroups, *numbers: int) -> list[Cgroup]:
    return [cgroups.make(f"kubepods/burstable/pod{UID}/{container_id(number)}") for number in numbers]


def usage(cgroup: Cgroup) -> float:
    """Seconds of CPU time, from the kernel's file."""
    if cgroup.trees.version == 1:
        return int(cgroup.file("cpuacct.usage").read_text()) / 1e9
    words = cgroup.file("cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6


def measured(output: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, task_id, value in LINE.findall(output):
        found.setdefault(task_id, {})[name] = float(value)
    return found


def test_containers_of_a_pod_are_measured_together_as_the_kernel_says(cgroups: Cgroups, authority: Authority) -> None:
    busy, sleeping = containers_of(cgroups, 1, 2)
    first_line(busy.run(*BUSY))
    first_line(sleeping.run(*SLEEPING))
    for cgroup in (busy, sleeping):
        cgroup.suspend()
    kubelet = FakeKubelet(authority)
    kubelet.pods = [pod(statuses=[status(1), status(2)], metadata={"labels": {"app.kubernetes.io/name": "web"}})]
    with serving(kubelet):
        done = wca(
            *("run", "--root", "--no-lock", "--once", "--plugins", "k8s", "--set", "k8s.kubelet_enabled=true"),
            *("--set", f"k8s.kubelet_endpoint={kubelet.url}", "--set", f"k8s.cgroup_root={cgroups.parent}"),
            *("--set", f"k8s.ssl=!SSL {{server_verify: {authority.certificate}}}"),
        )

    assert done.returncode == 0, done.stderr
    output = done.stdout + done.stderr
    found = measured(output)
    assert found.keys() == {UID}
    assert found[UID]["task_cpu_usage_seconds"] == pytest.approx(usage(busy) + usage(sleeping), abs=1e-6)
    assert found[UID]["task_cpu_usage_seconds"] > 0
    assert found[UID]["task_pids"] == 2
    assert 'app_kubernetes_io__name="web"' in output
    assert 'app_kubernetes_io__qos_class="burstable"' in output
    assert 'task_name="default/web"' in output
    assert re.search(r'wca_discovery_last_success_timestamp\{.*node="k8s"', output)
    assert " ERROR " not in output


def test_the_first_step_of_a_watch_has_tasks(cgroups: Cgroups, authority: Authority, tmp_path: Path) -> None:
    (container,) = containers_of(cgroups, 1)
    first_line(container.run(*SLEEPING))
    server = FakeApiServer(authority)
    server.put(pod())
    (tmp_path / "token").write_text("secret")
    (tmp_path / "token").chmod(0o600)
    with serving(server):
        done = wca(
            *("run", "--root", "--no-lock", "--once", "--plugins", "k8s", "--set", "k8s.kubeapi_host=127.0.0.1"),
            *("--set", f"k8s.kubeapi_port={server.port}", "--set", "k8s.node_name=node1"),
            *("--set", f"k8s.client_token_path={tmp_path}/token"),
            *("--set", f"k8s.server_cert_ca_path={authority.certificate}"),
            *("--set", f"k8s.cgroup_root={cgroups.parent}"),
        )

    assert done.returncode == 0, done.stderr
    assert measured(done.stdout + done.stderr)[UID]["task_pids"] == 1
    assert "secret" not in done.stdout + done.stderr


@pytest.fixture
def runc() -> Iterator[Runtime]:
    with runtime("runc") as client:
        yield client


@pytest.mark.parametrize(
    ("driver", "qos", "scheme", "path"),
    [
        ("cgroupfs", "Guaranteed", "containerd", "kubepods/pod{uid}/{id}"),
        ("cgroupfs", "Burstable", "docker", "kubepods/burstable/pod{uid}/{id}"),
        ("cgroupfs", "BestEffort", "cri-o", "kubepods/besteffort/pod{uid}/crio-{id}"),
        ("systemd", "Guaranteed", "containerd", "kubepods.slice/kubepods-pod{_uid}.slice/cri-containerd-{id}.scope"),
        (
            "systemd",
            "Burstable",
            "docker",
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{_uid}.slice/docker-{id}.scope",
        ),
        (
            "systemd",
            "BestEffort",
            "cri-o",
            "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{_uid}.slice/crio-{id}.scope",
        ),
    ],
)
def test_real_containers_are_found_where_kubelets_have_them_put(
    runc: Runtime, driver: str, qos: str, scheme: str, path: str
) -> None:
    names = {number: path.format(uid=UID, _uid=UID.replace("-", "_"), id=container_id(number)) for number in (1, 2)}
    sandbox = container_id(9)
    for number, name in names.items():
        runc.run(container_id(number), f"{runc.ground.cgroup}/{name}")
    runc.run(sandbox, f"{runc.ground.cgroup}/{names[1].replace(container_id(1), sandbox)}")
    document = pod(qos=qos, statuses=[status(2, scheme=scheme), status(1, scheme=scheme)])

    host = Host()
    for asked in (CgroupDriverType(driver), CgroupDriverType.AUTO):
        (task,) = PodTasks(Rules(), CgroupSearch(asked, runc.ground.cgroup)).of([document], host)

        assert task.subcgroups_paths == tuple(f"{runc.ground.cgroup}/{names[number]}" for number in (2, 1))
        assert task.cgroup_path == f"{runc.ground.cgroup}/{names[1].rpartition('/')[0]}"
        assert {pids(runc, number) for number in names} == set(processes(host, task))


def pids(runc: Runtime, number: int) -> int:
    found = re.search(r'"pid": (\d+)', runc("state", container_id(number)))
    assert found is not None
    return int(found[1])


def processes(host: Host, task: Task) -> set[int]:
    host.look_around()
    return set(host.processes.processes(task))
