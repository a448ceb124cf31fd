"""Paths of cgroups in, engines and ids out: one row for each way in which an engine names its containers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.container_paths import (
    ENGINES,
    NAME,
    ContainerPath,
    container_at,
    is_helper_of_engine,
    pod_uid_of,
)

ID = "0123456789abcdef" * 4
BUILD = "abcdefghijklmnopqrstuvwx1"
UUID = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340"
IN_SYSTEMD = f"kubepods-burstable-pod{UUID.replace('-', '_')}.slice"
POD_SLICE = f"/kubepods.slice/kubepods-burstable.slice/{IN_SYSTEMD}"
USER = "/user.slice/user-1000.slice/user@1000.service"

CONTAINERS = [
    (f"/docker/{ID}", "docker", ID),
    (f"/system.slice/docker-{ID}.scope", "docker", ID),
    (f"{USER}/user.slice/docker-{ID}.scope", "docker", ID),
    (f"{POD_SLICE}/docker-{ID}.scope", "docker", ID),
    (f"/ecs/{ID[:32]}/{ID}", "docker", ID),
    (f"{POD_SLICE}/cri-containerd-{ID}.scope", "containerd", ID),
    (f"/system.slice/nerdctl-{ID}.scope", "containerd", ID),
    (f"/system.slice/containerd.service/{IN_SYSTEMD}:cri-containerd:{ID}", "containerd", ID),
    (f"{POD_SLICE}/crio-{ID}.scope", "cri-o", ID),
    (f"/kubepods/pod{UUID}/crio-{ID}", "cri-o", ID),
    (f"/machine.slice/libpod-{ID}.scope", "podman", ID),
    (f"/machine.slice/machine-libpod_pod_{ID}.slice/libpod-{ID}.scope", "podman", ID),
    (f"/libpod_parent/libpod-{ID}", "podman", ID),
    (f"/system.slice/web.service/libpod-payload-{ID}", "podman", ID),
    (f"{USER}/user.slice/libpod-{ID}.scope", "podman", ID),
    (f"/kubepods/besteffort/pod{UUID}/kata_{ID}", "kata", ID),
    (f"/docker/buildkit/{BUILD}", "buildkit", BUILD),
    (f"/system.slice/docker-{BUILD}.scope", "buildkit", BUILD),
    ("/lxc/web", "lxc", "web"),
    ("/lxc.payload/web", "lxc", "web"),
    ("/lxc.payload.web-1", "lxc", "web-1"),
    ("/machine.slice/machine-web.scope", "nspawn", "web"),
    ("/machine.slice/systemd-nspawn@web\\x2d1.service", "nspawn", "web-1"),
    ("/machine.slice/machine-qemu\\x2d12\\x2ddb\\x2dmain.scope", "libvirt", "db-main"),
    ("/machine/qemu-3-db.libvirt-qemu", "libvirt", "db"),
    (f"/mesos/{UUID}", "mesos", UUID),
    (f"/kubepods/burstable/pod{UUID}/{ID}", None, ID),
    (f"/actions_job/{ID}", None, ID),
]
OTHERS = [
    "/",
    "/docker",
    f"/docker/{ID[:12]}",
    f"/docker/{ID}/worker",
    f"/docker/{ID}/docker",
    f"/machine.slice/libpod-{ID}.scope/container",
    f"/machine.slice/machine-libpod_pod_{ID}.slice",
    "/system.slice/docker.service",
    "/system.slice/docker-proxy.scope",
    f"/kubepods/burstable/pod{UUID}",
    POD_SLICE,
    "/lxc",
    "/mesos/agent",
    f"{USER}/app.slice/app-x.scope",
    f"/x/{ID.upper()}",
]
HELPERS = [
    f"/machine.slice/libpod-conmon-{ID}.scope",
    f"{POD_SLICE}/crio-conmon-{ID}.scope",
    "/libpod_parent/conmon",
    "/shop/conmon",
    "/lxc.monitor",
    "/lxc.monitor.web",
    "/lxc.pivot",
]


@pytest.mark.parametrize(("path", "engine", "container_id"), CONTAINERS)
def test_a_container_is_known_by_its_path(path: str, engine: str | None, container_id: str) -> None:
    assert container_at(path) == ContainerPath(engine, container_id)
    assert not is_helper_of_engine(path)


@pytest.mark.parametrize("path", OTHERS + HELPERS)
def test_other_cgroups_are_no_containers(path: str) -> None:
    assert container_at(path) is None


@pytest.mark.parametrize("path", HELPERS)
def test_what_watches_over_a_container_is_known(path: str) -> None:
    assert is_helper_of_engine(path)


def test_every_engine_is_met_in_these_tests() -> None:
    assert {engine for _, engine, _ in CONTAINERS} == {*ENGINES, None}


@given(
    above=st.sampled_from(["", "/a", "/docker/x", POD_SLICE, USER]),
    row=st.sampled_from([(path, engine, name) for path, engine, name in CONTAINERS if name == ID and engine]),
    container_id=st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_whatever_is_above_and_whatever_the_id_the_engine_is_the_same(
    above: str, row: tuple[str, str, str], container_id: str
) -> None:
    path, engine, _ = row

    assert container_at(above + path.replace(ID, container_id)) == ContainerPath(engine, container_id)


@given(st.lists(st.one_of(st.text(), st.sampled_from(["docker", "lxc", "mesos", "..", ID, f"lxc.payload.{ID}", "."]))))
def test_an_id_may_always_be_part_of_the_path_of_a_file(parts: list[str]) -> None:
    found = container_at("/" + "/".join(parts))

    if found is not None:
        assert NAME.fullmatch(found.container_id)
        assert Path("/x", found.container_id).parent == Path("/x")
        assert found.container_id not in (".", "..")


@given(st.text())
def test_no_path_at_all_raises_anything(path: str) -> None:
    container_at(path)
    is_helper_of_engine(path)
    pod_uid_of(path)


@pytest.mark.parametrize(
    ("path", "uid"),
    [
        (f"/kubepods/burstable/pod{UUID}/{ID}", UUID),
        (f"/kubepods/pod{UUID}", UUID),
        (f"{POD_SLICE}/crio-{ID}.scope", UUID),
        (f"/kubelet.slice/kubelet-kubepods.slice/kubelet-{IN_SYSTEMD}/cri-containerd-{ID}.scope", UUID),
        (f"/system.slice/containerd.service/{IN_SYSTEMD}:cri-containerd:{ID}", UUID),
        (f"/kubepods/besteffort/pod{UUID.replace('-', '')}/{ID}", UUID.replace("-", "")),
        (f"/docker/{ID}", None),
        (f"/pod{UUID}/{ID}", None),
        ("/kubepods/podium", None),
    ],
)
def test_the_uid_of_a_pod_is_as_the_kubelet_tells_it(path: str, uid: str | None) -> None:
    assert pod_uid_of(path) == uid
