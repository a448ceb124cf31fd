"""In which cgroup a container's process is, on machines made of files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_mesos.cgroups import CgroupLookup, UnknownCgroup, cgroup_of, has_limits, start_time

from wca_core.host import Host
from wca_core.testing import Machine

V1 = "9:memory:{path}\n4:cpu,cpuacct:{path}\n3:cpuset:/\n1:name=systemd:/system.slice/mesos.service\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("4:cpu,cpuacct:/mesos/c1\n3:memory:/mesos/other\n", "/mesos/c1"),
        ("2:cpuacct,cpu:/mesos/c1\n", "/mesos/c1"),
        ("4:cpu:/mesos/a:b:c\n", "/mesos/a:b:c"),
        ("4:cpu:/mesos/c1\n0::/system.slice/mesos.service\n", "/mesos/c1"),
        ("0::/mesos/c1/leaf\n", "/mesos/c1"),
        ("0::/mesos/c1\n", "/mesos/c1"),
        ("0::/mesos/r/mesos/n/leaf\n", "/mesos/r/mesos/n"),
        ("0::/mesos/leafy\n", "/mesos/leafy"),
        ("4:cpu:/mesos/c1/leaf\n", "/mesos/c1/leaf"),
        ("3:memory:/mesos/c1\n0::/mesos/c1/leaf\n", "/mesos/c1"),
    ],
)
def test_the_path_is_that_of_cpu_or_of_v2(text: str, path: str) -> None:
    assert cgroup_of(text) == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4:cpu:/\n0::/mesos/c1\n", "root cgroup.*isolator"),
        ("0::/\n", "root cgroup"),
        ("0::/leaf\n", "root cgroup"),
        ("3:memory:/mesos/c1\n", "neither in a cgroup of the controller cpu nor in one of v2"),
        ("", "neither"),
        ("4:cpu:/../mesos/c1\n", "cgroup namespace of its own"),
        ("0::/../../mesos/c1/leaf\n", "cgroup namespace of its own"),
        ("0::/mesos/../c1\n", "cgroup namespace of its own"),
    ],
)
def test_other_files_tell_no_cgroup_and_why(text: str, reason: str) -> None:
    with pytest.raises(UnknownCgroup, match=reason) as raised:
        cgroup_of(text)
    assert not raised.value.has_ended


def test_a_removed_cgroup_is_that_of_a_process_that_ended() -> None:
    with pytest.raises(UnknownCgroup) as raised:
        cgroup_of("4:cpu:/mesos/c1 (deleted)\n")
    assert raised.value.has_ended


@given(st.text(alphabet="0:cpu,/.\nleaf", max_size=40))
def test_any_text_is_a_path_below_the_root_or_none(text: str) -> None:
    try:
        path = cgroup_of(text)
    except UnknownCgroup:
        return
    assert path.startswith("/")
    assert path != "/"
    assert ".." not in path.split("/")


def test_the_start_of_a_process_stands_behind_a_name_that_may_be_anything() -> None:
    assert start_time(stat(12345, "a) S (b c)")) == 12345
    for text in ("", "1 (a) S 1", "1 (a) " + "x " * 30):
        with pytest.raises(ValueError, match=r"proc_pid_stat|invalid literal"):
            start_time(text)


def stat(started: int, name: str = "sleep") -> str:
    """A line of `/proc/PID/stat`: the start is its field 22."""
    return f"7 ({name}) S {' '.join(['1'] * 18)} {started} {' '.join(['0'] * 30)}\n"


def process(machine: Machine, pid: int, path: str, started: int = 100) -> None:
    machine.file(f"/proc/{pid}/cgroup", V1.format(path=path)).file(f"/proc/{pid}/stat", stat(started))


def on_v1(folder: Path, *paths: str, without: str = "") -> tuple[Machine, Host]:
    machine = Machine(folder)
    for path in paths:
        names = ("cpu", "memory", "perf_event", "cpuset")
        machine.cgroup_v1(path, {name: {} for name in names if name != without})
    for name in ("cpu", "memory", "perf_event", "cpuset"):
        machine.cgroup_v1("/", {name: {}})
    return machine, machine.host()


def test_processes_are_found_and_those_that_ended_are_not(tmp_path: Path) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a", "/mesos/b")
    process(machine, 10, "/mesos/a")
    process(machine, 11, "/mesos/b")

    paths, errors = CgroupLookup().find(host, [(("a",), 10), (("b",), 11), (("c",), 12)])

    assert paths == {10: "/mesos/a", 11: "/mesos/b"}
    assert errors.keys() == {(("c",), 12)}
    assert errors[("c",), 12].has_ended


def test_a_pid_that_another_process_took_is_not_the_container_s(tmp_path: Path) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a", "/mesos/b")
    lookup = CgroupLookup()
    process(machine, 10, "/mesos/a", started=100)
    lookup.find(host, [(("a",), 10)])

    process(machine, 10, "/mesos/b", started=200)
    for _ in range(2):
        paths, errors = lookup.find(host, [(("a",), 10)])
        assert paths == {}
        assert "10 is now another one, in /mesos/b" in str(errors[("a",), 10])

    process(machine, 11, "/mesos/a", started=300)
    assert lookup.find(host, [(("a",), 11)])[0] == {11: "/mesos/a"}


def test_a_process_that_was_moved_is_followed(tmp_path: Path) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a", "/mesos/b")
    lookup = CgroupLookup()
    process(machine, 10, "/mesos/a")
    lookup.find(host, [(("a",), 10)])

    process(machine, 10, "/mesos/b")

    assert lookup.find(host, [(("a",), 10)])[0] == {10: "/mesos/b"}


def test_a_container_that_was_gone_meanwhile_is_looked_at_anew(tmp_path: Path) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a", "/mesos/b")
    lookup = CgroupLookup()
    process(machine, 10, "/mesos/a")
    lookup.find(host, [(("a",), 10)])
    lookup.find(host, [])

    process(machine, 10, "/mesos/b", started=200)

    assert lookup.find(host, [(("a",), 10)])[0] == {10: "/mesos/b"}


def test_a_process_whose_start_is_not_told_costs_only_itself(tmp_path: Path) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a")
    process(machine, 10, "/mesos/a")
    process(machine, 11, "/mesos/a")
    machine.file("/proc/11/stat", "nonsense")

    paths, errors = CgroupLookup().find(host, [(("a",), 10), (("b",), 11)])

    assert paths == {10: "/mesos/a"}
    assert "/proc/11/stat" in str(errors[("b",), 11])


@pytest.mark.parametrize(
    ("missing", "plugins", "is_told"),
    [
        ("memory", ("cgroup",), True),
        ("memory", (), False),
        ("perf_event", ("cgroup", "perf"), True),
        ("perf_event", ("cgroup",), False),
        ("cpuset", ("cgroup-control",), True),
        ("cpuset", ("numa",), True),
        ("cpuset", ("cgroup", "perf"), False),
    ],
)
def test_a_controller_that_is_needed_and_missing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, missing: str, plugins: tuple[str, ...], is_told: bool
) -> None:
    machine, host = on_v1(tmp_path, "/mesos/a", "/mesos/b", without=missing)
    for plugin in plugins:
        host.statistics.plugin(plugin)
    process(machine, 10, "/mesos/a")
    process(machine, 11, "/mesos/b")

    with caplog.at_level(logging.WARNING, "wca.mesos"):
        paths, _ = CgroupLookup().find(host, [(("a",), 10), (("b",), 11)])

    assert paths == {10: "/mesos/a", 11: "/mesos/b"}
    assert caplog.messages == (
        [f"no cgroup /mesos/a in the tree of {missing} (isolator {ISOLATOR[missing]} of Mesos)"] if is_told else []
    )


ISOLATOR = {"memory": "cgroups/mem", "perf_event": "cgroups/perf_event", "cpuset": "cgroups/cpuset"}


def test_on_v2_a_process_is_found_in_the_leaf_of_its_container(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/mesos/a/leaf", {"cgroup.procs": "10\n"})
    machine.file("/proc/10/cgroup", "0::/mesos/a/leaf\n").file("/proc/10/stat", stat(1))

    assert CgroupLookup().find(machine.host(), [(("a",), 10)])[0] == {10: "/mesos/a"}


@pytest.mark.parametrize(
    ("files", "limited"),
    [
        ({}, False),
        ({"cpu.max": "max 100000\n", "cpu.weight": "100\n", "memory.max": "max\n", "memory.low": "0\n"}, False),
        ({"cpu.max": "50000 100000\n"}, True),
        ({"cpu.weight": "79\n"}, True),
        ({"memory.max": "33554432\n"}, True),
        ({"memory.low": "33554432\n"}, True),
    ],
)
def test_on_v2_a_cgroup_may_be_there_without_limits(tmp_path: Path, files: dict[str, str], limited: bool) -> None:
    host = Machine(tmp_path).cgroup_v2("/mesos/r/mesos/n", files).host()

    assert has_limits(host, "/mesos/r/mesos/n") is limited


def test_on_v1_a_cgroup_is_there_for_its_limits(tmp_path: Path) -> None:
    _, host = on_v1(tmp_path, "/mesos/r/mesos/n")

    assert has_limits(host, "/mesos/r/mesos/n")


def test_a_cgroup_whose_files_cannot_be_read_is_one_without_limits(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/mesos/r/mesos/n", {"cpu.max/strange": ""})

    assert not has_limits(machine.host(), "/mesos/r/mesos/n")
