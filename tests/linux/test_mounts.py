"""What is mounted where, as mountinfo tells it."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.mounts import parse_mountinfo, read_mounts

TEXT = st.text(alphabet="0123456789 -/\\cgroup2rw,memy\n\t:")


def line(point: str, options: str = "rw,relatime", super_options: str = "rw") -> str:
    return f"31 23 0:28 / {point} {options} shared:1 - cgroup2 cgroup2 {super_options}\n"


@given(st.text() | TEXT)
def test_no_mountinfo_raises(text: str) -> None:
    for mount in parse_mountinfo(text):
        assert isinstance(mount.point, str)


def test_optional_fields_before_the_dash_may_be_many_or_none() -> None:
    none = "36 35 98:0 / /a rw - cgroup2 x rw\n"
    many = "36 35 98:0 / /b rw shared:1 master:2 propagate_from:3 unbindable - cgroup2 x rw\n"

    assert [mount.point for mount in parse_mountinfo(none + many)] == ["/a", "/b"]


def test_escaped_characters_of_a_mount_point_are_given_back() -> None:
    (mount,) = parse_mountinfo(line(r"/mnt/a\040b\134c"))

    assert mount.point == "/mnt/a b\\c"


@pytest.mark.parametrize(
    ("options", "super_options", "is_read_only"),
    [("rw,relatime", "rw", False), ("ro,nosuid", "rw", True), ("rw", "ro,nsdelegate", True)],
)
def test_a_mount_is_read_only_by_itself_or_by_its_file_system(
    options: str, super_options: str, is_read_only: bool
) -> None:
    (mount,) = parse_mountinfo(line("/a", options, super_options))

    assert mount.is_read_only is is_read_only


def test_of_a_machine_under_another_root_the_mounts_of_its_first_process_count(tmp_path: Path) -> None:
    for process, point in (("self", "/own"), ("1", "/its")):
        (tmp_path / process).mkdir()
        (tmp_path / process / "mountinfo").write_text(line(point))

    assert [mount.point for mount in read_mounts("/", str(tmp_path))] == ["/own"]
    assert [mount.point for mount in read_mounts("/host", str(tmp_path))] == ["/its"]


def test_a_table_longer_than_the_kernel_gives_at_once_is_read_to_its_end() -> None:
    """Of a real process with as many mounts as a node with containers has; root may make them."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    mounts = "; ".join(f"mount -t tmpfs -o size=4k none {{0}}/m{number}" for number in range(60))
    with tempfile.TemporaryDirectory() as folder:
        made = f"mkdir {folder}/m{{0..59}}; {mounts.format(folder)}; echo made; read"
        command = ["unshare", "--mount", "--propagation=private", "bash", "-c", made]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            if process.stdout.readline() != "made\n":
                pytest.skip("this root may not mount")
            proc = Path(folder, "proc")
            proc.mkdir()
            (proc / "self").symlink_to(f"/proc/{process.pid}")
            points = [mount.point for mount in read_mounts("/", str(proc))]
            process.communicate("\n")

    assert [f"{folder}/m{number}" for number in range(60)] == [point for point in points if point.startswith(folder)]
