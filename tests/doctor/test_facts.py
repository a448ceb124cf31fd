"""What the doctor tells about machines of many kinds."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from tests.hosts import RDT_FLAGS, TOP, V2, complete, kernel, limit, mounted, namespaces, on_v1, privileged
from tests.platforms import EPYC
from wca_core.doctor.fact import Fact
from wca_core.doctor.machine import TOPICS, facts
from wca_core.linux.capabilities import Capability
from wca_core.lock import lock_path
from wca_core.testing import Machine


def told(machine: Machine) -> dict[str, Fact]:
    """Facts by topic."""
    return {fact.topic: fact for fact in facts(machine.host())}


def test_of_a_complete_machine_all_that_can_be_good_is(tmp_path: Path) -> None:
    found = told(complete(tmp_path))

    assert set(found) == set(TOPICS)
    bad = [fact.topic for fact in found.values() if fact.is_good is False and fact.topic != "clock"]
    assert bad == []  # the clock is that of the real kernel
    assert found["cgroups"].values["mode"] == "v2"
    assert found["open-files"].values == {"limit": 500_000, "tasks": 10_869}
    assert json.loads(json.dumps([fact.as_dict() for fact in found.values()]))


def test_what_cannot_be_found_out_costs_only_its_own_fact(tmp_path: Path) -> None:
    machine = complete(tmp_path)
    (tmp_path / "proc/meminfo").unlink()
    machine.file("/proc/sys/kernel/osrelease", "next\n")

    found = told(machine)

    assert found["swap"].text.startswith("could not be found out: HostError: ")
    assert found["kernel"].text.startswith("could not be found out: ValueError: ")
    assert found["pressure"].is_good


def test_an_empty_folder_is_a_machine_of_which_little_is_known(tmp_path: Path) -> None:
    found = told(Machine(tmp_path))

    assert "no cgroup filesystem found" in found["cgroups"].text
    assert found["namespaces"].is_good is None


def test_an_old_kernel_is_told_with_what_a_newer_one_gives(tmp_path: Path) -> None:
    fact = told(kernel(complete(tmp_path), release="4.18.0-553"))["kernel"]

    assert (fact.is_good, fact.advice) == (False, "Linux 5.8 or newer")


def test_controllers_are_told_by_where_they_are(tmp_path: Path) -> None:
    machine = kernel(on_v1(tmp_path, "cpu", "cpuacct"), disabled="memory")

    fact = told(machine)["controllers"]

    assert fact.text == "v1: cpu, cpuacct; disabled at boot: memory; in no tree: blkio, cpuset, pids"


def test_a_hybrid_host_has_controllers_in_both_trees(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu", "cpuacct", "memory").cgroup_v2("/a", {}, "io pids")

    found = told(machine)

    assert found["cgroups"].values["mode"] == "hybrid"
    assert found["controllers"].text == "v1: cpu, cpuacct, memory; v2: io, pids; in no tree: cpuset"


def test_cgroups_that_lack_controllers_are_counted_and_the_one_to_change_is_named(tmp_path: Path) -> None:
    machine = complete(tmp_path)
    machine.file(f"{TOP}/system.slice/cgroup.subtree_control", "cpu io pids\n")
    machine.file(f"{TOP}/system.slice/a.service/cgroup.controllers", "cpu io pids\n")

    fact = told(machine)["delegation"]

    assert fact.is_good is False
    assert fact.values["lacking"] == {"memory": 1}
    directory = tmp_path / "sys/fs/cgroup/system.slice"
    assert fact.advice == f"echo +memory > {directory}/cgroup.subtree_control"


def test_where_every_controller_is_on_v1_nothing_is_told_of_delegation(tmp_path: Path) -> None:
    assert "delegation" not in told(on_v1(tmp_path, "cpu", "cpuacct", "memory"))


def test_a_tree_that_is_mounted_read_only_is_told(tmp_path: Path) -> None:
    machine = complete(tmp_path)
    table = tmp_path / "proc/self/mountinfo"
    table.write_text(table.read_text().replace("rw,relatime", "ro,relatime"))

    assert "read-only: /sys/fs/cgroup" in told(machine)["cgroups"].text


def test_without_pressure_the_boot_parameter_is_advised(tmp_path: Path) -> None:
    fact = told(on_v1(tmp_path, "cpu"))["pressure"]

    assert (fact.is_good, fact.values["resources"]) == (False, [])
    assert "psi=1" in fact.advice


@pytest.mark.parametrize(
    ("flags", "filesystems", "mount", "is_good", "advice"),
    [
        (RDT_FLAGS, "nodev\tresctrl\n", "/sys/fs/resctrl rw - resctrl resctrl rw", True, ""),
        (RDT_FLAGS, "nodev\tresctrl\n", "", False, "mount -t resctrl resctrl /sys/fs/resctrl"),
        (RDT_FLAGS, "nodev\tproc\n", "", False, "a kernel built with CONFIG_X86_CPU_RESCTRL=y"),
        ("fpu", "nodev\tresctrl\n", "", None, ""),
        ("fpu", "nodev\tproc\n", "", None, ""),
    ],
    ids=["mounted", "not mounted", "not in the kernel", "no such CPU", "neither"],
)
def test_what_resctrl_needs_depends_on_cpu_kernel_and_mount(
    tmp_path: Path, flags: str, filesystems: str, mount: str, is_good: bool | None, advice: str
) -> None:
    machine = complete(tmp_path).file("/proc/filesystems", filesystems)
    machine.file("/proc/cpuinfo", EPYC.rstrip("\n") + f"\nflags\t\t: {flags}\n")
    if mount:
        mounted(machine, mount)

    fact = told(machine)["resctrl"]

    assert fact.is_good is is_good
    assert fact.advice.startswith(advice)
    assert bool(fact.advice) is bool(advice)


@pytest.mark.parametrize(
    ("mask", "paranoid", "is_permitted"),
    [
        (0, 2, False),
        (0, 0, True),
        (0, -1, True),
        (1 << Capability.PERFMON, 4, True),
        (1 << Capability.SYS_ADMIN, 4, True),
        (1 << Capability.SYS_PTRACE, 1, False),
    ],
)
def test_counting_needs_a_capability_or_a_trusting_kernel(
    tmp_path: Path, mask: int, paranoid: int, is_permitted: bool
) -> None:
    machine = privileged(complete(tmp_path), mask).file("/proc/sys/kernel/perf_event_paranoid", f"{paranoid}\n")
    machine.file("/sys/bus/event_source/devices/cpu/type", "4\n")

    fact = told(machine)["perf"]

    assert fact.values["permitted"] is fact.is_good is is_permitted
    assert ("CAP_PERFMON" in fact.advice) is not is_permitted


def test_the_watchdog_that_takes_a_counter_is_told(tmp_path: Path) -> None:
    machine = complete(tmp_path).file("/sys/bus/event_source/devices/cpu/type", "4\n")
    machine.file("/proc/sys/kernel/nmi_watchdog", "1\n")

    assert told(machine)["perf"].advice == "sysctl kernel.nmi_watchdog=0"


def test_the_capabilities_that_are_missing_are_named(tmp_path: Path) -> None:
    machine = privileged(complete(tmp_path), (1 << 41) - 1 - (1 << Capability.PERFMON))

    fact = told(machine)["privileges"]

    assert fact.text == f"uid {os.geteuid()}, without CAP_PERFMON"
    assert fact.values["missing"] == ["CAP_PERFMON"]


def test_a_seccomp_filter_is_told(tmp_path: Path) -> None:
    machine = complete(tmp_path).file("/proc/self/status", "CapEff:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n")

    assert "no new privileges, a seccomp filter is in force" in told(machine)["privileges"].text


@pytest.mark.parametrize(
    ("own", "advice"),
    [
        ((), ""),
        (("user",), ""),
        (("cgroup",), "--cgroupns=host"),
        (("pid",), "hostPID"),
        (("cgroup", "pid"), "hostPID"),
    ],
)
def test_a_container_is_known_by_its_namespaces(tmp_path: Path, own: tuple[str, ...], advice: str) -> None:
    fact = told(namespaces(complete(tmp_path), *own))["namespaces"]

    assert fact.is_good is not bool({*own} - {"user"})
    assert advice in fact.advice
    assert [kind for kind, whose in fact.values.items() if whose == "own"] == [*own]


def test_files_have_room_for_as_many_tasks_as_half_of_the_limit_allows(tmp_path: Path) -> None:
    assert told(limit(complete(tmp_path), 1024))["open-files"].values == {"limit": 1024, "tasks": 22}


def test_an_agent_that_holds_the_lock_of_the_machine_is_told(tmp_path: Path) -> None:
    machine = complete(tmp_path).file(lock_path(0, None), "")
    path = machine.host().path(lock_path(0, None))
    with Path(path).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        machine.file("/proc/locks", Path("/proc/locks").read_bytes())

        assert told(machine)["lock"].values == {"path": path, "process": os.getpid()}


def test_several_nodes_are_told_with_what_balances_them(tmp_path: Path) -> None:
    machine = complete(tmp_path).file("/proc/sys/kernel/numa_balancing", "0\n")
    machine.file("/sys/devices/system/node/online", "0-1\n")
    for node in (0, 1):
        machine.file(f"/sys/devices/system/node/node{node}/cpulist", f"{node}\n")

    assert told(machine)["numa"].text == "2 nodes, balancing is off"


def test_a_clock_that_asks_a_device_is_told(tmp_path: Path) -> None:
    where = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

    assert told(complete(tmp_path).file(where, "hpet\n"))["clock"].text.startswith("hpet, slow")


def test_v2_where_the_top_passes_nothing_on_is_told(tmp_path: Path) -> None:
    machine = complete(tmp_path).file(f"{TOP}/cgroup.subtree_control", "\n")

    assert told(machine)["controllers"].values["v2_passed_on"] == []
    assert told(machine)["controllers"].values["v2"] == sorted(V2.split())
