"""LocalNode: what container engines tell of their containers becomes names and labels of tasks."""

import json
from pathlib import Path

import pytest

from wca_core.builtin.local.naming import task_of
from wca_core.builtin.local.node import LocalNode
from wca_core.model.task import Task
from wca_core.testing import Machine

ID = "a1" * 32
UUID = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340"
FULL = {"cgroup.procs": "7\n"}
POD = f"/kubepods.slice/kubepods-pod{UUID.replace('-', '_')}.slice"
DOCKER = f"/var/lib/docker/containers/{ID}/config.v2.json"
STORAGE = "/var/lib/containers/storage/overlay-containers"
TASKS = "/run/containerd/io.containerd.runtime.v2.task"


def only(machine: Machine, node: LocalNode | None = None) -> Task:
    (task,) = (node or LocalNode()).discover_tasks(machine.host())
    return task


def put(machine: Machine, path: str, content: object) -> Machine:
    return machine.file(path, json.dumps(content))


def docker(name: str = "/web", image: str = "acme/web:2", **labels: str) -> object:
    return {"Name": name, "Image": "sha256:0", "Config": {"Image": image, "Labels": labels or None}}


def test_a_container_of_docker(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/system.slice/docker-{ID}.scope", FULL)

    task = only(put(machine, DOCKER, docker()))

    assert (task.name, task.task_id) == ("web", f"system.slice/docker-{ID}.scope")
    assert task.labels == {
        "engine": "docker",
        "container_id": ID,
        "container_name": "web",
        "image": "acme/web:2",
        "slice": "system.slice",
    }


def test_a_container_that_docker_runs_for_kubernetes(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1(f"/kubepods/pod{UUID}/{ID}", {"memory": FULL})
    labels = {"container.name": "nginx", "pod.name": "web-0", "pod.namespace": "shop", "docker.type": "container"}
    named = {f"io.kubernetes.{key}": value for key, value in labels.items()}

    task = only(put(machine, DOCKER, docker("/k8s_nginx_web-0_shop_0", **named)))

    assert task.name == "shop/web-0/nginx"
    assert task.labels == {
        "engine": "docker",
        "container_id": ID,
        "container_name": "nginx",
        "image": "acme/web:2",
        "pod_name": "web-0",
        "pod_namespace": "shop",
        "pod_uid": UUID,
    }


def test_a_container_of_docker_is_also_known_where_its_path_names_no_engine(tmp_path: Path) -> None:
    machine = put(Machine(tmp_path).cgroup_v2(f"/actions_job/{ID}", FULL), DOCKER, docker())
    put(machine, f"{TASKS}/moby/{ID}/config.json", {"ociVersion": "1.0.2"})

    task = only(machine)

    assert (task.name, task.labels["engine"], task.labels["image"]) == ("web", "docker", "acme/web:2")


def cri(kind: str = "container") -> object:
    given = {
        "container-type": kind,
        "container-name": "nginx" if kind == "container" else "",
        "image-name": "docker.io/library/nginx:1",
        "sandbox-name": "web-0",
        "sandbox-namespace": "shop",
    }
    return {"annotations": {f"io.kubernetes.cri.{key}": value for key, value in given.items()}}


@pytest.mark.parametrize("last", [ID, f"cri-containerd-{ID}.scope"])
def test_a_container_that_containerd_runs_for_kubernetes(tmp_path: Path, last: str) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"{POD}/{last}", FULL)

    task = only(put(machine, f"{TASKS}/k8s.io/{ID}/config.json", cri()))

    assert task.name == "shop/web-0/nginx"
    assert task.labels["engine"] == "containerd"
    assert task.labels["image"] == "docker.io/library/nginx:1"
    assert task.labels["pod_uid"] == UUID


def test_a_container_that_only_keeps_the_namespaces_of_its_pod_is_a_task_on_demand(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"{POD}/cri-containerd-{ID}.scope", FULL)
    put(machine, f"{TASKS}/k8s.io/{ID}/config.json", cri("sandbox"))

    assert list(LocalNode().discover_tasks(machine.host())) == []
    assert only(machine, LocalNode(sandboxes=True)).name == "shop/web-0"


def test_a_container_of_containerd_with_a_name_of_its_own(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/default/cache", FULL).cgroup_v2("/default/other", FULL)
    put(machine, f"{TASKS}/default/cache/config.json", {"linux": {"cgroupsPath": "/default/cache"}})
    put(machine, f"{TASKS}/default/other/config.json", {"linux": {"cgroupsPath": "/elsewhere"}})

    tasks = LocalNode().discover_tasks(machine.host())

    assert [task.name for task in tasks] == ["cache", "default/other"]
    assert [dict(task.labels) for task in tasks] == [
        {"engine": "containerd", "container_id": "cache", "container_name": "cache"},
        {},
    ]


def test_a_container_of_nerdctl(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/system.slice/nerdctl-{ID}.scope", FULL)

    task = only(put(machine, f"{TASKS}/default/{ID}/config.json", {"annotations": {"nerdctl/name": "web"}}))

    assert (task.name, task.labels["engine"]) == ("web", "containerd")


def stored(machine: Machine, directory: str = STORAGE, name: str = "web", **annotations: str) -> Machine:
    metadata = json.dumps({"image-name": "quay.io/acme/web:3"})
    put(machine, f"{directory}/containers.json", [{"id": ID, "names": [name], "metadata": metadata}])
    return put(machine, f"{directory}/{ID}/userdata/config.json", {"annotations": annotations})


@pytest.mark.parametrize("file", ["containers.json", "volatile-containers.json"])
def test_a_container_of_podman(tmp_path: Path, file: str) -> None:
    machine = stored(Machine(tmp_path).cgroup_v2(f"/machine.slice/libpod-{ID}.scope", FULL))
    directory = tmp_path / STORAGE.lstrip("/")
    (directory / "containers.json").rename(directory / file)

    task = only(machine)

    assert task.name == "web"
    assert task.labels == {
        "engine": "podman",
        "container_id": ID,
        "container_name": "web",
        "image": "quay.io/acme/web:3",
        "slice": "machine.slice",
    }


def test_a_container_of_podman_in_a_service_has_its_unit(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/system.slice/web.service/libpod-payload-{ID}", FULL)

    assert only(stored(machine)).labels["unit"] == "web.service"


def test_the_containers_of_a_user_are_kept_in_the_home_of_the_user(tmp_path: Path) -> None:
    path = f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"
    machine = Machine(tmp_path).cgroup_v2(path, FULL)
    machine.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nbroken\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n")

    task = only(stored(machine, "/home/ann/.local/share/containers/storage/overlay-containers"))

    assert (task.name, task.labels.get("unit")) == ("web", None)


def test_a_container_of_cri_o(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"{POD}/crio-{ID}.scope", FULL)
    given = {
        "io.kubernetes.container.name": "nginx",
        "io.kubernetes.pod.name": "web-0",
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.cri-o.ContainerType": "container",
        "io.kubernetes.cri-o.ImageName": "quay.io/nginx:1",
    }

    task = only(stored(machine, name="k8s_nginx_web-0_shop_0", **given))

    assert (task.name, task.labels["engine"], task.labels["image"]) == ("shop/web-0/nginx", "cri-o", "quay.io/nginx:1")


def test_a_container_of_runc_without_an_engine(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/trial", FULL)
    state = {
        "cgroup_paths": {"": "/sys/fs/cgroup/trial"},
        "config": {"labels": ["bundle=/x", "org.opencontainers.image.ref.name=acme/trial:1"]},
    }

    task = only(put(machine, "/run/runc/trial/state.json", state))

    assert task.name == "trial"
    assert task.labels == {
        "engine": "runc",
        "container_id": "trial",
        "container_name": "trial",
        "image": "acme/trial:1",
    }


def test_a_container_of_crun_without_an_engine(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/trial", FULL)

    task = only(put(machine, "/run/crun/trial/status", {"cgroup-path": "/trial", "bundle": "/nowhere"}))

    assert task.labels == {"engine": "crun", "container_id": "trial", "container_name": "trial"}


def test_a_cgroup_is_no_container_because_one_elsewhere_bears_its_name(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/jobs/trial", FULL)
    put(machine, "/run/runc/trial/state.json", {"cgroup_paths": {"": "/sys/fs/cgroup/trial"}})

    assert only(machine).labels == {}


@pytest.mark.parametrize(
    ("path", "name", "labels"),
    [
        ("/lxc.payload.web", "web", {"engine": "lxc", "container_id": "web", "container_name": "web"}),
        (f"/docker/{ID}", "docker:a1a1a1a1a1a1", {"engine": "docker", "container_id": ID}),
        (f"/kubepods/pod{UUID}/{ID}", "container:a1a1a1a1a1a1", {"container_id": ID, "pod_uid": UUID}),
        ("/system.slice/ssh.service", "ssh.service", {"unit": "ssh.service", "slice": "system.slice"}),
        (
            "/user.slice/user-1000.slice/user@1000.service/init.scope",
            "user@1000.service/init.scope",
            {"unit": "init.scope", "slice": "user-1000.slice"},
        ),
        ("/system.slice", "system.slice", {}),
        ("/jobs/17", "jobs/17", {}),
        ("/", "host", {}),
    ],
)
def test_what_the_path_alone_tells(path: str, name: str, labels: dict[str, str]) -> None:
    task = task_of(path, None)

    assert (task.name, task.labels) == (name, labels)
