"""Pods as tasks on a machine made of files, step after step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from wca_k8s.cgroups import CgroupDriverType
from wca_k8s.labels import QOS
from wca_k8s.pods import Rules
from wca_k8s.search import CgroupSearch
from wca_k8s.tasks import PodTasks

from plugins.wca_k8s.tests.given import UID, container, container_id, pod, status
from wca_core.host import Host
from wca_core.testing import Machine

POD = f"/kubepods/burstable/pod{UID}"
SYSTEMD_POD = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID.replace('-', '_')}.slice"
OTHER = "11111111-2222-3333-4444-555555555555"
FILES = {"cpu.stat": ""}


def v2(folder: Path, *paths: str) -> Host:
    machine = Machine(folder)
    for path in paths:
        machine.cgroup_v2(path, FILES)
    return machine.host()


def v1(folder: Path, *paths: str) -> Host:
    machine = Machine(folder)
    for path in paths:
        machine.cgroup_v1(path, {"cpu": {"cpu.shares": ""}, "cpuacct": {"cpuacct.usage": ""}, "memory": {}})
    return machine.host()


def tasks_of(*, rules: Rules | None = None, task_per: Any = "pod", max_tasks: int = 1000, **search: Any) -> PodTasks:
    return PodTasks(rules or Rules(), CgroupSearch(**search), task_per, max_tasks)


def remove(host: Host, path: str) -> None:
    directory = Path(host.cgroup_directory("cpu", path) or "")
    for entry in [*directory.rglob("*")][::-1]:
        entry.rmdir() if entry.is_dir() else entry.unlink()
    directory.rmdir()


@pytest.mark.parametrize("mounted", [v1, v2])
def test_a_pod_is_a_task_with_its_containers(tmp_path: Path, mounted: Any) -> None:
    host = mounted(tmp_path, POD, f"{POD}/{container_id(1)}", f"{POD}/{container_id(2)}", f"{POD}/{'f' * 64}")
    document = pod(
        statuses=[status(2), status(1)],
        containers=[container(1, {"cpu": "1"}), container(2)],
        metadata={"labels": {"app": "web"}},
    )

    (task,) = tasks_of().of([document], host)

    assert (task.task_id, task.name, task.cgroup_path) == (UID, "default/web", POD)
    assert task.subcgroups_paths == (f"{POD}/{container_id(2)}", f"{POD}/{container_id(1)}")  # not the sandbox
    assert task.labels == {"app": "web", QOS: "burstable"}
    assert task.resources["cpus"] == 1.0


def test_v1_beside_a_unified_tree_counts_as_v1(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1(POD, {"cpu": {}, "memory": {}})
    machine.cgroup_v2("/elsewhere", {}, controllers="")

    (task,) = tasks_of().of([pod()], machine.host())

    assert task.cgroup_path == POD


def test_tasks_come_in_the_order_of_the_answer_and_known_ones_keep_their_places(tmp_path: Path) -> None:
    uids = [UID, OTHER, "third", "fourth"]
    host = v2(tmp_path, *(f"/kubepods/burstable/pod{uid}" for uid in uids))
    pods = {uid: pod(uid, name=uid) for uid in uids}
    found = tasks_of()

    def ids(*order: str) -> list[str]:
        return [task.task_id for task in found.of([pods[uid] for uid in order], host)]

    assert ids(OTHER, UID, "third") == [OTHER, UID, "third"]
    assert ids("third", OTHER, UID) == [OTHER, UID, "third"]  # a kubelet shuffles them
    assert ids("fourth", "third", OTHER) == [OTHER, "third", "fourth"]


def test_a_pod_that_is_as_before_is_the_same_task(tmp_path: Path) -> None:
    host = v2(tmp_path, POD, f"{POD}/{container_id(1)}")
    found = tasks_of()

    first = found.of([pod(metadata={"resourceVersion": "1"})], host)
    second = found.of([pod(metadata={"resourceVersion": "2"}, conditions=[{"type": "Ready"}])], host)

    assert second[0] is first[0]


def test_a_pod_that_changed_is_refreshed_and_keeps_its_id(tmp_path: Path) -> None:
    host = v2(tmp_path, POD, f"{POD}/{container_id(1)}", f"{POD}/{container_id(9)}")
    found = tasks_of()
    (before,) = found.of([pod()], host)

    (labelled,) = found.of([pod(metadata={"labels": {"app": "x"}})], host)
    (restarted,) = found.of([pod(statuses=[status(9)])], host)

    assert labelled.labels["app"] == "x"
    assert restarted.subcgroups_paths == (f"{POD}/{container_id(9)}",)
    assert before.task_id == labelled.task_id == restarted.task_id


def test_a_pod_made_anew_is_another_task(tmp_path: Path) -> None:
    host = v2(tmp_path, POD, f"/kubepods/burstable/pod{OTHER}")
    found = tasks_of()
    (before,) = found.of([pod()], host)

    (after,) = found.of([pod(OTHER)], host)

    assert before.name == after.name
    assert after.task_id == OTHER


def test_a_pod_without_a_cgroup_is_skipped_and_counted_until_it_has_one(tmp_path: Path) -> None:
    host = v2(tmp_path, POD)
    found = tasks_of()
    pods = [pod(), pod(OTHER, name="new")]

    assert [task.task_id for task in found.of(pods, host)] == [UID]
    assert found.skipped == {"cgroup_missing": 1}

    v2(tmp_path, f"/kubepods/burstable/pod{OTHER}")
    assert [task.task_id for task in found.of(pods, host)] == [UID, OTHER]
    assert found.skipped == {"cgroup_missing": 0}

    remove(host, POD)
    assert [task.task_id for task in found.of(pods, host)] == [OTHER]
    assert found.skipped == {"cgroup_missing": 1}


def test_a_pod_whose_cgroup_goes_is_no_task_though_the_answer_is_the_same(tmp_path: Path) -> None:
    host = v2(tmp_path, f"{POD}/{container_id(1)}")
    found, answer = tasks_of(), [pod()]
    assert len(found.of(answer, host)) == 1

    remove(host, POD)

    assert found.of(answer, host) == []
    assert found.skipped == {"cgroup_missing": 1}


def test_a_container_that_is_not_there_yet_is_expected_where_it_will_be(tmp_path: Path) -> None:
    host = v2(tmp_path, SYSTEMD_POD)
    found = tasks_of(driver=CgroupDriverType.SYSTEMD)
    document = [pod(statuses=[status(1, scheme="cri-o")])]

    (task,) = found.of(document, host)
    assert task.subcgroups_paths == (f"{SYSTEMD_POD}/crio-{container_id(1)}.scope",)

    v2(tmp_path, f"{SYSTEMD_POD}/docker-{container_id(1)}.scope")
    (task,) = found.of(document, host)
    assert task.subcgroups_paths == (f"{SYSTEMD_POD}/docker-{container_id(1)}.scope",)


@pytest.mark.parametrize("entry", ["{}", "crio-{}.scope", "cri-containerd-{}.scope", "docker-{}.scope", "odd-{}.scope"])
def test_a_container_is_found_under_any_name_with_its_id(tmp_path: Path, entry: str) -> None:
    place = f"{SYSTEMD_POD}/{entry.format(container_id(1))}"
    host = v2(tmp_path, f"{SYSTEMD_POD}/crio-conmon-{container_id(1)}.scope", place)

    (task,) = tasks_of(driver=CgroupDriverType.SYSTEMD).of([pod(statuses=[status(1, scheme="remote")])], host)

    assert task.subcgroups_paths == (place,)


def test_the_runtime_of_the_configuration_goes_before_the_id_s(tmp_path: Path) -> None:
    host = v2(tmp_path, SYSTEMD_POD)
    search: dict[str, Any] = {"driver": CgroupDriverType.SYSTEMD, "runtime": "crio"}

    (task,) = tasks_of(**search).of([pod(statuses=[status(1, scheme="docker")])], host)

    assert task.subcgroups_paths == (f"{SYSTEMD_POD}/crio-{container_id(1)}.scope",)


def test_a_mirror_pod_is_found_by_the_hash_and_keeps_its_own_id(tmp_path: Path) -> None:
    host = v2(tmp_path, "/kubepods/burstable/podabcdef")

    (task,) = tasks_of().of([pod(metadata={"annotations": {"kubernetes.io/config.hash": "abcdef"}})], host)

    assert (task.task_id, task.cgroup_path) == (UID, "/kubepods/burstable/podabcdef")


@pytest.mark.parametrize(
    ("there", "root", "told", "path"),
    [
        (SYSTEMD_POD, "/", None, SYSTEMD_POD),
        (POD, "/", CgroupDriverType.SYSTEMD, POD),
        (f"/nested{SYSTEMD_POD}", "/nested", None, f"/nested{SYSTEMD_POD}"),
    ],
)
def test_the_driver_is_found_out_from_the_cgroups_there_are(
    tmp_path: Path, there: str, root: str, told: CgroupDriverType | None, path: str
) -> None:
    host = v2(tmp_path, there)

    (task,) = tasks_of(driver=CgroupDriverType.AUTO, cgroup_root=root, ask_driver=lambda: told).of([pod()], host)

    assert task.cgroup_path == path


def test_the_driver_is_asked_for_once_where_there_are_no_cgroups_yet(tmp_path: Path) -> None:
    host = v2(tmp_path, "/other")
    asked: list[int] = []

    def ask() -> CgroupDriverType | None:
        asked.append(1)
        return None

    found = tasks_of(driver=CgroupDriverType.AUTO, ask_driver=ask)
    assert found.of([pod()], host) == found.of([pod()], host) == []
    assert len(asked) == 1

    v2(tmp_path, SYSTEMD_POD)
    assert [task.cgroup_path for task in found.of([pod()], host)] == [SYSTEMD_POD]


def test_the_driver_that_the_kubelet_tells_is_used(tmp_path: Path) -> None:
    host = v2(tmp_path, "/other")
    found = tasks_of(driver=CgroupDriverType.AUTO, ask_driver=lambda: CgroupDriverType.SYSTEMD)
    assert found.of([pod()], host) == []

    v2(tmp_path, SYSTEMD_POD)
    assert [task.cgroup_path for task in found.of([pod()], host)] == [SYSTEMD_POD]


def test_a_task_may_be_a_container(tmp_path: Path) -> None:
    host = v2(tmp_path, POD, f"{POD}/{container_id(1)}", f"{POD}/{container_id(2)}")
    document = pod(
        statuses=[status(1), status(2), status(3)], containers=[container(1, {"cpu": "1"}), container(2, {"cpu": "2"})]
    )

    tasks = tasks_of(task_per="container").of([document], host)

    assert [(task.task_id, task.name, task.cgroup_path) for task in tasks] == [
        (f"{UID}.c1", "default/web/c1", f"{POD}/{container_id(1)}"),
        (f"{UID}.c2", "default/web/c2", f"{POD}/{container_id(2)}"),
    ]
    assert [task.resources["cpus"] for task in tasks] == [1.0, 2.0]
    assert all(task.subcgroups_paths == () for task in tasks)


def test_one_odd_pod_costs_only_itself_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = v2(tmp_path, POD)
    found = tasks_of()
    answer: Sequence[object] = [7, pod("../x", name="evil"), pod(), pod(OTHER, name="", namespace="")]

    for _ in range(3):
        assert [task.task_id for task in found.of(list(answer), host)] == [UID]

    assert found.skipped == {"malformed": 3}
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "default/evil has no uid that can be part of a path" in caplog.text


def test_why_a_pod_is_no_task_is_told_to_who_debugs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wca.k8s")
    waiting = status(1, ready=False, state={"waiting": {"reason": "ImagePullBackOff"}})

    found = tasks_of()
    assert found.of([pod(statuses=[waiting])], v2(tmp_path, POD)) == []

    assert "pod default/web is no task now: not ready: c1 (waiting: ImagePullBackOff)" in caplog.text
    assert found.skipped == {"not_ready": 1}


def test_pods_beyond_the_bound_are_passed_over(tmp_path: Path) -> None:
    host = v2(tmp_path, POD, f"/kubepods/burstable/pod{OTHER}")
    found = tasks_of(max_tasks=1)

    assert [task.task_id for task in found.of([pod(), pod(OTHER)], host)] == [UID]
    assert found.skipped == {"too_many": 1}


def test_a_pod_that_stands_twice_in_an_answer_is_one_task(tmp_path: Path) -> None:
    assert len(tasks_of().of([pod(), pod()], v2(tmp_path, POD))) == 1


def test_no_pods_are_no_tasks(tmp_path: Path) -> None:
    host = v2(tmp_path, POD)
    found = tasks_of()
    assert len(found.of([pod()], host)) == 1

    assert found.of([], host) == []


def test_processes_below_a_container_belong_to_it(tmp_path: Path) -> None:
    """On v2 crun puts them into `container` below the scope."""
    container_path = f"{POD}/crio-{container_id(1)}.scope"
    machine = Machine(tmp_path).cgroup_v2(container_path, {"cgroup.procs": ""})
    machine.cgroup_v2(f"{container_path}/container", {"cgroup.procs": "42\n"})
    host = machine.host()

    (task,) = tasks_of().of([pod(statuses=[status(scheme="cri-o")])], host)

    assert task.subcgroups_paths == (container_path,)
    assert host.processes.processes(task) == {42}
