"""What `cgroup-control` reads, grants, refuses and plans, on machines made of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.cgroup_control.bandwidth import LEAST_QUOTA, wanted_limit
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.builtin.cgroup_control.idle_write import IdleWrite
from wca_core.builtin.cgroup_control.shares import whole_shares
from wca_core.builtin.cgroup_control.units import Units
from wca_core.file_write import FileWrite
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.task import Task
from wca_core.model.write import Change, Write
from wca_core.testing import Machine, make_task

CPU_V1 = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n", "cpu.shares": "1024\n"}
CPUSET_V1 = {"cpuset.cpus": "0-3\n", "cpuset.mems": "0-1\n", "cpuset.memory_migrate": "0\n"}
CPU_V2 = {"cpu.max": "max 100000\n", "cpu.weight": "100\n", "cpu.idle": "0\n", "cpu.max.burst": "0\n"}
CPUSET_V2 = {"cpuset.cpus": "\n", "cpuset.cpus.effective": "0-3\n", "cpuset.mems": "", "cpuset.mems.effective": "0-1\n"}
MEMORY_V2 = {"memory.high": "max\n", "memory.low": "0\n", "memory.min": "0\n"}


def content_of(write: Write) -> bytes:
    return write.content if isinstance(write, FileWrite) else str(getattr(write, "weight", None)).encode()


controlling: list[Controlled] = []
"""Those of the running test."""


class Controlled:
    """The plugin on a machine of four CPUs and two nodes."""

    def __init__(self, machine: Machine, *tasks: Task, **configured: object) -> None:
        machine.cpus({0: {0: [0], 1: [1]}, 1: {0: [2], 1: [3]}})
        machine.file("/proc/meminfo", "MemTotal: 4194304 kB\nSwapTotal: 0 kB\n")
        machine.file("/sys/devices/system/node/online", "0-1\n")
        machine.file("/sys/devices/system/node/has_memory", "0-1\n")
        for node in (0, 1):
            machine.file(f"/sys/devices/system/node/node{node}/cpulist", f"{2 * node}-{2 * node + 1}\n")
        configuration = AllocationConfiguration(**{"cpu_quota_period": 100000, **configured})  # type: ignore[arg-type]
        self.host: Host = machine.host(allocation_configuration=configuration)
        self.host.known_tasks = {task.task_id: task for task in tasks}
        self.tasks = list(tasks)
        self.plugin = CgroupControl()
        self.plugin.start(host=self.host)
        controlling.append(self)

    def in_force(self) -> dict[tuple[str, str], Allocation]:
        found = self.plugin.read_allocations(tasks=self.tasks, host=self.host)
        return {(one.task_id, one.type): one for one in found}

    def values(self, task: Task) -> dict[str, object]:
        return {type: one.value for (task_id, type), one in self.in_force().items() if task_id == task.task_id}

    def changes(self, task: Task, **wishes: object) -> list[Change]:
        force = self.in_force()
        wanted = [Allocation(task.task_id, AllocationType(name), value) for name, value in wishes.items()]
        return [Change(task, wish, force.get((task.task_id, wish.type))) for wish in wanted]

    def answers(self, task: Task, **wishes: object) -> list[Allocation | Refusal]:
        return list(self.plugin.check_allocations(changes=self.changes(task, **wishes), host=self.host))

    def refusal(self, task: Task, **wishes: object) -> Refusal:
        (answer,) = self.answers(task, **wishes)
        assert isinstance(answer, Refusal), answer
        return answer

    def writes(self, task: Task, **wishes: object) -> list[tuple[str, bytes]]:
        """Path below the machine's cgroups, and content, in order."""
        changes = self.changes(task, **wishes)
        list(self.plugin.check_allocations(changes=changes, host=self.host))
        planned = list(self.plugin.plan_writes(changes=changes, host=self.host))
        assert all(isinstance(one, FileWrite | IdleWrite) for one in planned)
        return [(one.place.partition("/sys/fs/cgroup/")[2], content_of(one)) for one in planned]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    for controlled in controlling:
        controlled.plugin.stop()
        controlled.host.close()
    controlling.clear()


@pytest.fixture
def v1(tmp_path: Path) -> Machine:
    return Machine(tmp_path).cgroup_v1("/a", {"cpu": CPU_V1, "cpuset": CPUSET_V1, "memory": {}})


@pytest.fixture
def v2(tmp_path: Path) -> Machine:
    files = {**CPU_V2, **CPUSET_V2, **MEMORY_V2}
    return Machine(tmp_path).cgroup_v2("/a", files, "cpu cpuset memory")


A = make_task("/a")


def test_what_is_in_force_on_v1_is_told(v1: Machine) -> None:
    assert Controlled(v1, A).values(A) == {
        "cpu_quota": 1.0,
        "cpu_shares": 1.024,
        "cpuset_cpus": "0,1,2,3",
        "cpuset_mems": "0,1",
        "cpuset_memory_migrate": 0,
    }


def test_an_empty_set_of_v2_is_what_the_parent_gives(v2: Machine) -> None:
    values = Controlled(v2, A).values(A)

    assert values["cpuset_cpus"] == "0,1,2,3"
    assert values["cpuset_memory_migrate"] == 1
    assert values["cpu_shares"] == 1.012  # the fewest shares of weight 100


def test_a_quota_is_told_by_the_period_that_is_set(v1: Machine) -> None:
    v1.file("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "10000\n").file(
        "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "20000\n"
    )

    assert Controlled(v1, A).values(A)["cpu_quota"] == 0.125


@pytest.mark.parametrize(
    ("now", "wanted", "order"),
    [
        (("-1", "100000"), 0.5, ["cpu.cfs_period_us", "cpu.cfs_quota_us"]),
        (("400000", "100000"), 0.25, ["cpu.cfs_quota_us", "cpu.cfs_period_us"]),
        (("20000", "10000"), 1.0, ["cpu.cfs_quota_us", "cpu.cfs_period_us"]),
        (("2000", "1000"), 0.25, ["cpu.cfs_period_us", "cpu.cfs_quota_us"]),
    ],
)
def test_period_and_quota_of_v1_never_exceed_both_limits_in_between(
    v1: Machine, now: tuple[str, str], wanted: float, order: list[str]
) -> None:
    quota, period = now
    v1.file("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", quota).file("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", period)

    writes = Controlled(v1, A, cpu_quota_period=50000).writes(A, cpu_quota=wanted)

    assert [path.rpartition("/")[2] for path, _ in writes] == order


@given(st.floats(0, 1), st.integers(1000, 1000000), st.integers(1, 512))
def test_a_part_of_all_cpus_is_what_it_says_or_the_least(part: float, period: int, cpus: int) -> None:
    limit = wanted_limit(part, Units(frozenset(range(cpus)), frozenset({0}), 1, period=period))

    if limit.quota is None:
        assert part == 1.0
    else:
        assert limit.quota >= LEAST_QUOTA
        assert limit.quota == LEAST_QUOTA or abs(limit.part(cpus) - part) <= 1 / (period * cpus) + 1e-12


def test_the_least_quota_that_stays_in_force_is_not_written_again(v1: Machine) -> None:
    v1.file("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "1000\n").file("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "1000\n")
    controlled = Controlled(v1, A, cpu_quota_period=1000)

    (answer,) = controlled.answers(A, cpu_quota=0.0)

    assert answer is controlled.in_force()["/a", AllocationType.CPU_QUOTA]


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"cpuset_cpus": "3-4"}, "found 4 among them"),
        ({"cpuset_mems": "2"}, "NUMA nodes with memory (0,1) expected"),
        ({"cpuset_cpus": ""}, "on cgroup v1 nothing could run"),
        ({"memory_high": 1 << 30}, "found the memory controller on v1"),
        ({"cpu_burst": 0.5}, "has no cpu.cfs_burst_us"),
        ({"cpu_idle": 1}, "has no cpu.idle"),
    ],
)
def test_what_this_machine_cannot_do_is_refused_with_the_reason(
    v1: Machine, wishes: dict[str, object], reason: str
) -> None:
    assert reason in Controlled(v1, A).refusal(A, **wishes).reason


def test_a_file_that_no_value_would_help_is_told_apart(v1: Machine) -> None:
    controlled = Controlled(v1, A)

    assert controlled.refusal(A, cpu_idle=1).is_unsupported
    assert not controlled.refusal(A, cpuset_cpus="9").is_unsupported


def test_pods_of_several_qos_classes_have_no_shares_to_compare(v2: Machine) -> None:
    pods = [
        make_task("/a", task_id=qos, labels={"app_kubernetes_io__qos_class": qos})
        for qos in ("burstable", "besteffort")
    ]

    refusal = Controlled(v2, *pods).refusal(pods[0], cpu_shares=2.0)

    assert "pods of one QoS class expected, found besteffort, burstable" in refusal.reason


def test_containers_that_differ_are_made_equal(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/pod", {**CPU_V2, **CPUSET_V2}, "cpu cpuset")
    machine.cgroup_v2("/pod/one", {**CPU_V2, **CPUSET_V2, "cpuset.cpus": "0\n"}, "cpu cpuset")
    machine.cgroup_v2("/pod/two", {**CPU_V2, **CPUSET_V2, "cpuset.cpus": "1\n"}, "cpu cpuset")
    pod = make_task("/pod", "/pod/one", "/pod/two")
    controlled = Controlled(machine, pod)

    told = controlled.values(pod)["cpuset_cpus"]
    writes = controlled.writes(pod, cpuset_cpus="0")

    assert told == "0"
    assert writes == [("pod/two/cpuset.cpus", b"0")]


@pytest.mark.parametrize(("wanted", "frees_first"), [(0.1, True), (0.9, False)])
def test_containers_of_a_pod_lose_their_limits_before_it_shrinks_and_after_it_grew(
    tmp_path: Path, wanted: float, frees_first: bool
) -> None:
    machine = Machine(tmp_path).cgroup_v1("/pod", {"cpu": {**CPU_V1, "cpu.cfs_quota_us": "200000\n"}})
    machine.cgroup_v1("/pod/one", {"cpu": {**CPU_V1, "cpu.cfs_quota_us": "150000\n"}})
    machine.cgroup_v1("/pod/two", {"cpu": CPU_V1})
    pod = make_task("/pod", "/pod/one", "/pod/two")

    writes = Controlled(machine, pod).writes(pod, cpu_quota=wanted)

    container = ("cpu/pod/one/cpu.cfs_quota_us", b"-1")
    assert len(writes) == 2
    assert (writes[0] == container) is frees_first
    assert container in writes


def test_burst_shrinks_before_the_quota_and_grows_after_it(v2: Machine) -> None:
    v2.file("/sys/fs/cgroup/a/cpu.max", "200000 100000\n").file("/sys/fs/cgroup/a/cpu.max.burst", "150000\n")
    controlled = Controlled(v2, A)

    smaller = controlled.writes(A, cpu_quota=0.25)
    larger = controlled.writes(A, cpu_quota=0.75, cpu_burst=1.0)

    assert smaller == [("a/cpu.max.burst", b"100000"), ("a/cpu.max", b"100000 100000")]
    assert larger == [("a/cpu.max", b"300000 100000"), ("a/cpu.max.burst", b"300000")]


def test_nodes_are_set_before_cpus_and_pages_follow_from_the_start(v1: Machine) -> None:
    writes = Controlled(v1, A).writes(A, cpuset_cpus="2-3", cpuset_mems=[1], cpuset_memory_migrate=True)

    assert [path.rpartition("/")[2] for path, _ in writes] == ["cpuset.memory_migrate", "cpuset.mems", "cpuset.cpus"]


def test_pages_always_follow_on_v2_and_that_they_shall_not_is_told_once(
    v2: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    controlled = Controlled(v2, A)

    for _ in range(2):
        (answer,) = controlled.answers(A, cpuset_memory_migrate=0)
        assert isinstance(answer, Allocation)
        assert answer.value == 1

    assert [record.message for record in caplog.records if record.name == "wca.cgroup-control"] == [
        "cpuset_memory_migrate 0 cannot be had on cgroup v2: pages always follow cpuset_mems"
    ]


@pytest.mark.parametrize(
    ("wished", "written"),
    [(0.5, b"2147483648"), (1.0, b"4294967296"), (1 << 30, b"1073741824"), (5000, b"4096"), ("max", None)],
)
def test_memory_is_bytes_or_a_part_of_the_machine(v2: Machine, wished: object, written: bytes | None) -> None:
    writes = Controlled(v2, A).writes(A, memory_high=wished)

    assert writes[-1:] == [("a/memory.high", b"max" if written is None else written)]


def test_a_task_that_is_gone_has_nothing_in_force_and_the_others_do(v1: Machine) -> None:
    gone = make_task("/gone")

    found = Controlled(v1, gone, A).in_force()

    assert {task_id for task_id, _ in found} == {"/a"}


def test_a_malformed_file_costs_its_type_only(v1: Machine, caplog: pytest.LogCaptureFixture) -> None:
    v1.file("/sys/fs/cgroup/cpu/a/cpu.shares", "many\n")

    values = Controlled(v1, A).values(A)

    assert "cpu_shares" not in values
    assert values["cpu_quota"] == 1.0
    assert "cpu_shares of task /a: what is in force cannot be read" in caplog.text


def test_what_did_not_change_is_told_by_the_very_same_objects(v1: Machine) -> None:
    controlled = Controlled(v1, A)

    first, second = controlled.in_force(), controlled.in_force()

    assert all(first[place] is second[place] for place in first)


@given(st.floats(0, 1), st.integers(1000, 1000000), st.integers(1, 512))
def test_what_a_quota_comes_to_is_written_just_so(part: float, period: int, cpus: int) -> None:
    units = Units(frozenset(range(cpus)), frozenset({0}), 1, period=period)
    granted = wanted_limit(part, units)

    again = wanted_limit(granted.part(cpus), units)

    assert again == granted or (again.quota is None and granted.part(cpus) == 1.0)  # all there is: no limit


@given(st.integers(2, 262144), st.integers(1000, 1000000))
def test_what_shares_come_to_is_written_just_so(shares: int, unit: int) -> None:
    assert whole_shares(shares / unit, unit) == shares
