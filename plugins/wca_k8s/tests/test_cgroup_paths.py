"""Where cgroups are, by driver, class, runtime and root."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_k8s.cgroups import CgroupDriverType, Runtime, container_names, is_of_container, pod_paths, roots
from wca_k8s.qos import QosClass

from plugins.wca_k8s.tests.given import UID, container_id

FS, SYSTEMD = CgroupDriverType.CGROUPFS, CgroupDriverType.SYSTEMD
PLAIN = UID.replace("-", "")
UNDERSCORED = UID.replace("-", "_")
ID = container_id()


@pytest.mark.parametrize(
    ("driver", "root", "qos", "path"),
    [
        (FS, "/", "burstable", f"/kubepods/burstable/pod{UID}"),
        (FS, "/", "besteffort", f"/kubepods/besteffort/pod{UID}"),
        (FS, "/", "guaranteed", f"/kubepods/pod{UID}"),
        (FS, "/a/b/", "guaranteed", f"/a/b/kubepods/pod{UID}"),
        (
            SYSTEMD,
            "/",
            "burstable",
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UNDERSCORED}.slice",
        ),
        (SYSTEMD, "/", "guaranteed", f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice"),
        (
            SYSTEMD,
            "/docker/ab",
            "besteffort",
            f"/docker/ab/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UNDERSCORED}.slice",
        ),
    ],
)
def test_the_likeliest_place_of_a_pod(driver: CgroupDriverType, root: str, qos: str, path: str) -> None:
    assert pod_paths(driver, root, QosClass(qos), [UID])[0] == path


def test_a_root_that_is_a_slice_begins_the_names_of_those_below_it() -> None:
    slices = "kubelet.slice/kubelet-kubepods.slice"
    nested = f"{slices}/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{UNDERSCORED}.slice"

    assert f"/{nested}" in pod_paths(SYSTEMD, "/kubelet", QosClass.BURSTABLE, [UID])
    assert f"/docker/ab/{nested}" in pod_paths(SYSTEMD, "/docker/ab/kubelet", QosClass.BURSTABLE, [UID])
    assert f"/{slices}/kubelet-kubepods-pod{UNDERSCORED}.slice" in pod_paths(
        SYSTEMD, "/kubelet", QosClass.GUARANTEED, [UID]
    )
    assert f"/{slices}" in roots(SYSTEMD, "/kubelet")
    assert "/a.slice/a-b_c.slice/a-b_c-kubepods.slice" in roots(SYSTEMD, "/a/b-c")


def test_every_uid_is_tried_with_and_without_dashes() -> None:
    assert pod_paths(FS, "/", QosClass.BURSTABLE, ["hash", UID]) == [
        "/kubepods/burstable/podhash",
        f"/kubepods/burstable/pod{UID}",
        f"/kubepods/burstable/pod{PLAIN}",
    ]


def test_a_guaranteed_pod_is_looked_for_in_the_slice_of_old_last() -> None:
    paths = pod_paths(SYSTEMD, "/", QosClass.GUARANTEED, [UID])

    assert paths == [
        f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice",
        f"/kubepods.slice/kubepods-guaranteed.slice/kubepods-guaranteed-pod{UNDERSCORED}.slice",
    ]


@pytest.mark.parametrize(
    ("driver", "runtime", "name"),
    [
        (FS, "docker", ID),
        (FS, "containerd", ID),
        (FS, None, ID),
        (FS, "crio", f"crio-{ID}"),
        (SYSTEMD, "docker", f"docker-{ID}.scope"),
        (SYSTEMD, "containerd", f"cri-containerd-{ID}.scope"),
        (SYSTEMD, None, f"cri-containerd-{ID}.scope"),
        (SYSTEMD, "crio", f"crio-{ID}.scope"),
    ],
)
def test_a_container_is_expected_under_the_name_its_runtime_gives(
    driver: CgroupDriverType, runtime: Runtime | None, name: str
) -> None:
    names = container_names(driver, runtime, ID)

    assert names[0] == name
    assert set(names) == {ID, f"crio-{ID}", f"docker-{ID}.scope", f"cri-containerd-{ID}.scope", f"crio-{ID}.scope"}


def test_what_watches_over_a_container_is_not_it() -> None:
    assert is_of_container(f"new-runtime-{ID}.scope", ID)
    assert not is_of_container(f"crio-conmon-{ID}.scope", ID)
    assert not is_of_container(f"cri-containerd-{container_id(2)}.scope", ID)


@given(
    st.sampled_from([FS, SYSTEMD]),
    st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True), max_size=3),
    st.sampled_from(QosClass),
    st.from_regex(r"[A-Za-z0-9._:-]{1,20}", fullmatch=True),
)
def test_every_path_is_absolute_and_below_the_root(
    driver: CgroupDriverType, root: list[str], qos: QosClass, uid: str
) -> None:
    for path in pod_paths(driver, "/" + "/".join(root), qos, [uid]):
        assert path.startswith("/")
        assert not path.endswith("/")
        assert "//" not in path
        assert not {".", ".."} & set(path.split("/"))
