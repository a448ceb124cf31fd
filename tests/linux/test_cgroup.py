"""Where the cgroup hierarchies are: mountinfo and /proc/PID/cgroup."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import HostError
from wca_core.linux.cgroup import Hierarchies, Mode, find_hierarchies, parse_process_cgroups

MOUNTINFO_TEXT = st.text(alphabet="0123456789 -/\\cgroup2rw,memy\n\t:")


def hierarchies(root: Path, mountinfo: str, unified_at: str | None = None, controllers: str = "") -> Hierarchies:
    """What is found on a machine with these mounts."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(mountinfo)
    if unified_at:
        (root / unified_at.lstrip("/")).mkdir(parents=True)
        (root / unified_at.lstrip("/") / "cgroup.controllers").write_text(controllers)
    return find_hierarchies(str(root), f"{root}/proc")


def line(point: str, filesystem: str, options: str = "rw", root: str = "/") -> str:
    return f"31 23 0:28 {root} {point} rw,relatime shared:1 - {filesystem} {filesystem} {options}\n"


@given(st.text() | MOUNTINFO_TEXT)
def test_no_list_of_cgroups_raises(text: str) -> None:
    assert isinstance(parse_process_cgroups(text), dict)


def test_only_cgroup2_is_mode_v2(tmp_path: Path) -> None:
    found = hierarchies(tmp_path, line("/sys/fs/cgroup", "cgroup2"), "/sys/fs/cgroup", "cpu memory")

    assert found.mode is Mode.V2
    assert found.tree("memory") == found.tree("cpuacct") == found.unified
    assert found.tree("io") is None


def test_only_cgroup_is_mode_v1_with_each_controller_at_its_mount(tmp_path: Path) -> None:
    mounts = line("/cg/cpu", "cgroup", "rw,cpu") + line("/cg/acct", "cgroup", "rw,cpuacct")
    mounts += line("/cg/systemd", "cgroup", "rw,name=systemd")

    found = hierarchies(tmp_path, mounts)

    assert found.mode is Mode.V1
    assert found.tree("cpuacct").directory == f"{tmp_path}/cg/acct"
    assert found.tree("memory") is None


def test_two_controllers_may_share_a_mount(tmp_path: Path) -> None:
    found = hierarchies(tmp_path, line("/cg/both", "cgroup", "rw,cpu,cpuacct"))

    assert found.tree("cpu") == found.tree("cpuacct")


def test_in_hybrid_mode_a_controller_is_in_its_v1_tree_if_it_has_one(tmp_path: Path) -> None:
    mounts = line("/cg/memory", "cgroup", "rw,memory") + line("/cg/unified", "cgroup2")

    found = hierarchies(tmp_path, mounts, "/cg/unified", "io")

    assert found.mode is Mode.HYBRID
    assert found.is_v1("memory")
    assert found.tree("io") == found.unified
    assert found.tree("cpu") is None


def test_cpu_stat_is_in_the_unified_tree_even_without_the_controller(tmp_path: Path) -> None:
    found = hierarchies(tmp_path, line("/sys/fs/cgroup", "cgroup2"), "/sys/fs/cgroup", "")

    assert found.tree("cpu") == found.unified
    assert found.tree("memory") is None


def test_of_several_cgroup2_mounts_the_usual_place_is_taken(tmp_path: Path) -> None:
    mounts = line("/elsewhere", "cgroup2") + line("/sys/fs/cgroup", "cgroup2")

    found = hierarchies(tmp_path, mounts, "/sys/fs/cgroup", "cpu")

    assert found.unified is not None
    assert found.unified.directory == f"{tmp_path}/sys/fs/cgroup"


def test_a_part_of_a_hierarchy_that_a_container_has_mounted_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    whole = line("/sys/fs/cgroup/memory", "cgroup", "rw,memory") + line("/sys/fs/cgroup/unified", "cgroup2")
    part = line("/box/sys/fs/cgroup/memory", "cgroup", "rw,memory", root="/box")
    part += line("/sys/fs/cgroup/box", "cgroup2", root="/box")

    for at, mounts in enumerate((whole + part, part + whole)):
        root = tmp_path / str(at)
        found = hierarchies(root, mounts, "/sys/fs/cgroup/unified", "")

        assert found.v1["memory"].directory == f"{root}/sys/fs/cgroup/memory"
        assert found.unified is not None
        assert found.unified.directory == f"{root}/sys/fs/cgroup/unified"


def test_where_a_part_of_a_hierarchy_is_mounted_paths_count_from_its_root(tmp_path: Path) -> None:
    found = hierarchies(tmp_path, line("/cg/memory", "cgroup", "rw,memory", root="/docker/x"))

    tree = found.tree("memory")
    assert tree.at("/docker/x/task") == f"{tmp_path}/cg/memory/task"
    assert tree.at("/docker/x") == f"{tmp_path}/cg/memory"
    assert tree.at("/docker/xylophone") == f"{tmp_path}/cg/memory/docker/xylophone"


def test_a_machine_without_cgroups_is_told_where_was_searched(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"no cgroup filesystem found: .*/proc/self/mountinfo"):
        hierarchies(tmp_path, "36 35 98:0 / /home rw - ext4 /dev/sda rw\n")


def test_an_unreadable_mountinfo_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="proc/self/mountinfo: cannot be read"):
        find_hierarchies(str(tmp_path), f"{tmp_path}/proc")


def test_on_a_machine_seen_under_another_root_the_mounts_of_its_first_process_count(tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/mountinfo").write_text(line("/cg/memory", "cgroup", "rw,memory"))

    found = hierarchies(tmp_path, line("/wrong/memory", "cgroup", "rw,memory"))

    assert found.tree("memory").directory == f"{tmp_path}/cg/memory"


def test_the_cgroups_of_a_process_are_told_by_controller() -> None:
    text = "4:cpu,cpuacct:/a\n2:name=systemd:/s:with:colons\n0::/unified\nnonsense\n"

    found = parse_process_cgroups(text)

    assert found == {"cpu": "/a", "cpuacct": "/a", "name=systemd": "/s:with:colons", "": "/unified"}
