"""Which controllers the kernel has, and which cgroups have them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.controllers import has_processes, offered, parse_controllers, passed_on

TEXT = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t3\t1\nmemory\t0\t9\t0\n"


def test_a_controller_is_enabled_or_disabled_at_boot() -> None:
    assert parse_controllers(TEXT) == {"cpu": True, "memory": False}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_controllers(text), dict)


def test_what_a_cgroup_has_is_not_what_it_passes_on(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")

    assert offered(str(tmp_path)) == {"cpu", "memory"}
    assert passed_on(str(tmp_path)) == {"cpu"}
    assert offered(str(tmp_path / "nowhere")) == frozenset()


def test_a_cgroup_has_processes_if_its_list_is_not_empty(tmp_path: Path) -> None:
    assert not has_processes(str(tmp_path))

    (tmp_path / "cgroup.procs").write_text("")
    assert not has_processes(str(tmp_path))

    (tmp_path / "cgroup.procs").write_text("1\n")
    assert has_processes(str(tmp_path))
