"""What the built-in plugins need, held against machines of many kinds."""

import os
from pathlib import Path

import pytest

from tests.hosts import TOP, complete, kernel, limit, mounted, namespaces, on_v1, privileged
from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS, CPU_USAGE
from wca_core.builtin.cgroup.needs import needs as cgroup_needs
from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.builtin.pressure.needs import needs as pressure_needs
from wca_core.builtin.processes import PidCounts
from wca_core.builtin.sched import Sched
from wca_core.builtin.static_node import StaticNode
from wca_core.builtin.vmstat import Vmstat
from wca_core.builtin.working_set.metrics import WorkingSet
from wca_core.builtin.zoneinfo import Zoneinfo
from wca_core.linux.capabilities import Capability
from wca_core.model.requirement import Requirement
from wca_core.readiness import Finding, State, examined
from wca_core.registry import Registry
from wca_core.testing import Machine, run_step

ALL = (
    *cgroup_needs(CGROUP_METRICS),
    *pressure_needs(is_on=True),
    *Sched(sched=True).requirements(),
    *Vmstat().requirements(),
    *Zoneinfo().requirements(),
    *PidCounts().requirements(),
    *WorkingSet(wss_reset_cycles=1).requirements(),
)


def lacks(machine: Machine, *needs: Requirement) -> dict[str, Finding]:
    """What is not met, by the words of the need."""
    found = [examined(need, machine.host()) for need in needs or ALL]
    return {finding.requirement.need: finding for finding in found if finding.state is not State.MET}


def the_lack(machine: Machine, *needs: Requirement) -> Finding:
    """The only one."""
    (found,) = lacks(machine, *needs).values()
    return found


def switched_on(machine: Machine) -> Machine:
    return machine.file("/proc/sys/kernel/sched_schedstats", "1\n")


def test_a_complete_machine_lacks_nothing(tmp_path: Path) -> None:
    assert lacks(switched_on(complete(tmp_path))) == {}


def test_only_mounted_cgroups_are_required() -> None:
    assert [one.need for one in ALL if one.required] == ["a mounted cgroup hierarchy"]


@pytest.mark.parametrize(
    "name", ["cgroup", "platform", "psi", "vmstat", "zoneinfo", "sched", "wss", "pid-counts", "log"]
)
def test_no_need_of_a_builtin_plugin_delays_or_refuses_the_start(name: str) -> None:
    assert Registry().load(name).tells_its_lacks  # type: ignore[attr-defined]  # so they are not asked before it


def test_without_cgroups_every_need_of_them_is_told_or_could_not_be_checked(tmp_path: Path) -> None:
    found = lacks(Machine(tmp_path), *cgroup_needs(CGROUP_METRICS))

    assert found["a mounted cgroup hierarchy"].found.startswith("no cgroup filesystem found: ")
    assert found["a mounted cgroup hierarchy"].cure == "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    others = {finding.state for need, finding in found.items() if need != "a mounted cgroup hierarchy"}
    assert others == {State.UNCHECKED}


def test_a_controller_that_the_top_of_v2_does_not_pass_on_is_to_be_enabled(tmp_path: Path) -> None:
    machine = complete(tmp_path).file(f"{TOP}/cgroup.subtree_control", "cpu memory pids\n")

    finding = the_lack(machine, *cgroup_needs(CGROUP_METRICS))

    top = f"{tmp_path}{TOP}"
    assert finding.requirement.need == "controller io (blkio on v1), in the cgroups of tasks"
    assert finding.found == f"{top} has it and does not pass it on"
    assert finding.cure == f"echo +io > {top}/cgroup.subtree_control"
    assert finding.requirement.lost == "task_io_*"


def test_of_a_leaf_of_v2_what_it_has_itself_is_enough(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    mounted(machine, f"{TOP} rw - cgroup2 cgroup2 rw")
    machine.file(f"{TOP}/cgroup.controllers", "cpu memory io pids\n").file(f"{TOP}/cgroup.procs", "1\n")

    assert lacks(kernel(machine), *cgroup_needs(CGROUP_METRICS)) == {}


@pytest.mark.parametrize(
    ("disabled", "cure"),
    [
        ("", "mkdir -p /sys/fs/cgroup/memory && mount -t cgroup -o memory memory /sys/fs/cgroup/memory"),
        ("memory", "boot with cgroup_enable=memory and without cgroup_disable=memory"),
    ],
)
def test_a_controller_of_v1_that_is_not_mounted_is_to_be_mounted_or_enabled_at_boot(
    tmp_path: Path, disabled: str, cure: str
) -> None:
    machine = kernel(on_v1(tmp_path, "cpu", "cpuacct", "blkio", "pids"), disabled=disabled)

    finding = the_lack(machine, *cgroup_needs(CGROUP_METRICS))

    assert (finding.found, finding.cure) == ("it is in no tree", cure)


def test_a_controller_that_the_kernel_does_not_have_needs_another_kernel(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu", "cpuacct", "blkio", "memory").file("/proc/cgroups", "cpu\t1\t1\t1\n")

    assert the_lack(machine, *cgroup_needs(CGROUP_METRICS)).cure.endswith("a kernel built with CONFIG_CGROUP_PIDS=y")


def test_in_a_container_a_controller_of_v2_is_to_be_delegated(tmp_path: Path) -> None:
    machine = complete(tmp_path)
    for name in ("controllers", "subtree_control"):
        machine.file(f"{TOP}/cgroup.{name}", "cpu memory pids\n")

    finding = the_lack(namespaces(machine, "cgroup"), *cgroup_needs(CGROUP_METRICS))

    assert finding.cure.startswith("--cgroupns=host")


def test_controllers_of_metrics_that_are_not_wanted_are_not_needed() -> None:
    assert [one.need for one in cgroup_needs([CPU_USAGE]) if "controller" in one.need] == [
        "controller cpuacct (only on v1), in the cgroups of tasks"
    ]


def test_a_hybrid_host_has_what_either_version_has(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu", "cpuacct", "memory").cgroup_v2("/a", {"cgroup.procs": "7\n"}, "io pids")

    assert lacks(machine, *cgroup_needs(CGROUP_METRICS)) == {}


def test_a_low_limit_of_open_files_is_told_with_the_tasks_that_fit(tmp_path: Path) -> None:
    finding = the_lack(limit(complete(tmp_path), 60), *cgroup_needs(CGROUP_METRICS))

    assert finding.found == "the limit of 60 files has room for 1 tasks, 2 cgroups hold processes"
    assert "LimitNOFILE=500000" in finding.cure


def test_pressure_of_tasks_needs_cgroups_of_v2(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu").file("/proc/pressure/cpu", "some\n")

    finding = the_lack(machine, *pressure_needs(is_on=True))

    assert (finding.found, finding.requirement.lost) == ("only v1 is mounted", "task_pressure_*")


def test_on_a_hybrid_host_tasks_may_have_no_pressure(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu").file("/proc/pressure/cpu", "some\n")
    mounted(machine, f"{TOP}/unified rw - cgroup2 cgroup2 rw")
    machine.file(f"{TOP}/unified/cgroup.controllers", "").file(f"{TOP}/unified/cpu.pressure", "some\n")

    machine.file(f"{TOP}/unified/cgroup.procs", "1\n7\n")

    assert (
        the_lack(machine, *pressure_needs(is_on=True)).found
        == f"no cgroup below {tmp_path}{TOP}/unified holds processes"
    )

    machine.file(f"{TOP}/unified/a/cgroup.procs", "7\n").file(f"{TOP}/unified/a/cpu.pressure", "some\n")
    assert lacks(machine, *pressure_needs(is_on=True)) == {}


def test_a_kernel_without_pressure_is_to_be_booted_with_it(tmp_path: Path) -> None:
    machine = complete(tmp_path)
    (tmp_path / "proc/pressure/cpu").unlink()

    assert "psi=1" in the_lack(machine, *pressure_needs(is_on=True)).cure


def test_in_a_container_the_needs_of_processes_are_told(tmp_path: Path) -> None:
    found = lacks(namespaces(switched_on(complete(tmp_path)), "pid"))

    assert [*found] == ["the PID namespace of the host, in which cgroups name their processes"]


def test_a_capability_that_cannot_be_had_is_told_as_such(tmp_path: Path) -> None:
    wss = WorkingSet(wss_reset_cycles=1).requirements()
    without = (1 << 41) - 1 - (1 << Capability.SYS_PTRACE)

    finding = the_lack(privileged(complete(tmp_path), without), *wss)
    assert finding.found == f"uid {os.geteuid()} does not have it"

    finding = the_lack(privileged(complete(tmp_path / "bounded"), without, bounding=without), *wss)
    assert finding.found == "it is not in the bounding set, so this process cannot get it"


def test_processes_that_are_hidden_are_told_with_the_option_that_hides_them(tmp_path: Path) -> None:
    machine = mounted(complete(tmp_path), "/proc rw - proc proc rw,hidepid=invisible")
    needs = WorkingSet(wss_reset_cycles=1).requirements()
    assert lacks(machine, *needs) == {}

    (tmp_path / "proc/1/stat").unlink()

    assert the_lack(machine, *needs).found == "it is mounted with hidepid=invisible"


def test_statistics_of_the_scheduler_are_to_be_switched_on(tmp_path: Path) -> None:
    finding = the_lack(complete(tmp_path), *Sched(sched=True).requirements())

    assert finding.cure == "sysctl kernel.sched_schedstats=1"


@pytest.mark.parametrize(
    ("plugin", "option"),
    [
        (Sched(), "sched"),
        (WorkingSet(), "wss_reset_cycles"),
        (PidCounts(pid_counts=False), "pid_counts"),
        (Zoneinfo(zoneinfo=False), "zoneinfo"),
    ],
    ids=["sched", "wss", "pid-counts", "zoneinfo"],
)
def test_the_needs_of_what_is_off_name_the_option(plugin: Sched | WorkingSet | PidCounts, option: str) -> None:
    assert {need.only_with for need in plugin.requirements()} == {option}


def test_sources_of_the_platform_that_are_off_name_their_options() -> None:
    assert {need.only_with for need in PlatformMetrics().requirements()} == {"", "energy", "cpu_frequency", "thermal"}
    on = PlatformMetrics(energy=True, cpu_frequency=True, thermal=True)
    assert {need.only_with for need in on.requirements()} == {""}


def test_energy_needs_counters_and_the_right_to_read_them(tmp_path: Path) -> None:
    energy = next(one for one in PlatformMetrics(energy=True).requirements() if "energy" in one.need)
    machine = complete(tmp_path)
    assert "modprobe intel_rapl_msr" in examined(energy, machine.host()).cure

    zone = "/sys/class/powercap/intel-rapl:0"
    machine.file(f"{zone}/name", "package-0\n").file(f"{zone}/max_energy_range_uj", "9\n")
    (tmp_path / zone.lstrip("/") / "energy_uj").mkdir()  # that root, too, cannot read
    finding = examined(energy, machine.host())
    assert finding.found.endswith("energy_uj: Is a directory")
    assert finding.cure == "run as root"


def test_a_task_without_a_cgroup_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    node = StaticNode(tasks=["system.slice", "missing"])

    finding = the_lack(complete(tmp_path), *node.requirements())

    top = f"{tmp_path}{TOP}"
    assert finding.requirement.need == "the cgroup of task missing"
    assert finding.cure == f"mkdir -p {top}/missing && echo '+cpu +memory' > {top}/cgroup.subtree_control"


def test_a_task_on_v1_needs_a_cgroup_in_each_tree(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu", "cpuacct", "memory")

    finding = the_lack(machine, *StaticNode(tasks=["a", "b"]).requirements())

    trees = (f"{tmp_path}{TOP}/{name}/b" for name in ("cpu", "cpuacct", "memory"))
    assert finding.cure == f"mkdir -p {' '.join(trees)}"


def test_the_commands_for_a_task_can_be_followed_literally(tmp_path: Path) -> None:
    machine = on_v1(tmp_path, "cpu", "cpuacct", "memory")
    need = next(iter(StaticNode(tasks=["b"]).requirements()))

    assert os.system(examined(need, machine.host()).cure) == 0

    assert examined(need, machine.host()).state is State.MET


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_log_that_can_be_written_is_not_touched(tmp_path: Path, overwrite: bool) -> None:
    path = tmp_path / "out.prom"
    plugin = LogStorage(output_filename=str(path), overwrite=overwrite)

    assert lacks(complete(tmp_path / "m"), *plugin.requirements()) == {}
    assert not path.exists()


def test_a_directory_in_the_place_of_a_log_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    finding = the_lack(complete(tmp_path / "m"), *LogStorage(output_filename=str(tmp_path / "out")).requirements())

    assert (finding.found, finding.cure) == (f"{tmp_path}/out is a directory", "name a file in it")
    assert finding.is_refusal


def test_standard_error_needs_nothing() -> None:
    assert LogStorage().requirements() == []


def test_a_start_tells_nothing_that_collectors_tell_themselves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = limit(namespaces(on_v1(tmp_path, "cpu", "cpuacct", "memory"), "pid"), 10)

    run_step(machine, [WorkingSet(wss_reset_cycles=1), Sched(sched=True), PidCounts(), Vmstat(), Zoneinfo()])

    assert [record for record in caplog.records if record.name == "wca.readiness"] == []
