"""Referenced memory and working set: the search cycle by cycle, and what is read and written for it."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.agent import Step
from wca_core.builtin.working_set.metrics import WorkingSet
from wca_core.builtin.working_set.search import Rules, Verdict, WorkingSetSearch
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, counter
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import GivenTasks, Machine, check_plugin, make_task, running

CONSTANT = 15360 * 1024
TRAFFIC = Metric("task_mem_bandwidth_bytes", "As the plugin rdt measures it.", counter, levels=("l3_domain",))


def moved(cycles: int) -> list[int]:
    """Traffic so far: a million bytes more in each cycle."""
    return [1234567 + 1_000_000 * cycle for cycle in range(cycles)]


def verdicts(rules: Rules, referenced: Sequence[int], traffic: Sequence[int | None]) -> list[Verdict]:
    search = WorkingSetSearch(rules)
    return [search.go_on(*one) for one in zip(referenced, traffic, strict=True)]


def test_each_plateau_but_the_first_is_a_working_set_and_forgotten() -> None:
    found = verdicts(Rules(0, 2, 0.1), [CONSTANT] * 6, moved(6))

    assert [verdict.size for verdict in found] == [None] * 5 + [15728640]
    assert [verdict.forget for verdict in found] == [False, False, True, False, False, True]


def test_with_a_clock_only_the_clock_forgets() -> None:
    found = verdicts(Rules(4, -2, 0.1), [CONSTANT] * 9, moved(9))

    assert [verdict.size for verdict in found] == [None] * 6 + [15728640] * 3
    assert [verdict.forget for verdict in found] == [False, False, False, True] * 2 + [False]


def test_a_negative_number_of_stable_cycles_never_forgets_by_itself() -> None:
    found = verdicts(Rules(0, -2, 0.1), [CONSTANT] * 12, moved(12))

    assert not any(verdict.forget for verdict in found)
    assert not any(verdict.size for verdict in found)  # the first plateau lasts


def test_the_working_set_is_between_the_first_and_the_last_of_the_stable_cycles() -> None:
    start_up = [CONSTANT] * 3
    found = verdicts(Rules(0, 2, 0.1), [*start_up, 100_000, 150_000, 200_000], moved(6))

    assert found[-1] == Verdict(175_000, True)


def test_growth_must_be_less_than_the_share_of_the_traffic() -> None:
    for growth, forget in ((99_999, True), (100_000, False)):
        found = verdicts(Rules(0, 2, 0.1), [CONSTANT + growth * cycle for cycle in range(3)], moved(3))

        assert found[-1].forget is forget


def test_a_small_fall_counts_as_none_and_a_larger_one_begins_anew() -> None:
    small = verdicts(Rules(0, 2, 0.1), [1000, 990, 980], moved(3))
    large = verdicts(Rules(0, 2, 0.1), [1000, 990, 900, 890, 880], moved(5))

    assert [verdict.forget for verdict in small] == [False, False, True]
    assert [verdict.forget for verdict in large] == [False] * 4 + [True]


def test_an_idle_task_never_becomes_stable() -> None:
    assert not any(verdict.forget for verdict in verdicts(Rules(0, 1, 0.1), [CONSTANT] * 9, [1234567] * 9))


def test_without_traffic_the_clock_still_forgets_and_nothing_is_found() -> None:
    assert verdicts(Rules(2, 1, 0.1), [CONSTANT] * 4, [None] * 4) == [Verdict(None, False), Verdict(None, True)] * 2


def test_a_cycle_without_traffic_is_left_out_of_the_search() -> None:
    found = verdicts(Rules(0, 2, 0.1), [CONSTANT] * 4, [1_000_000, None, 2_000_000, 3_000_000])

    assert [verdict.forget for verdict in found] == [False, False, False, True]


def test_a_cycle_in_which_traffic_is_counted_anew_is_left_out_of_the_search() -> None:
    found = verdicts(Rules(0, 2, 0.1), [CONSTANT] * 5, [9_000_000, 10_000_000, 1_000_000, 2_000_000, 3_000_000])

    assert [verdict.forget for verdict in found] == [False, False, False, True, False]


@pytest.mark.parametrize("rules", [Rules(0), Rules(0, 3), Rules(0, 0, 0.1)])
def test_without_both_options_nothing_is_looked_for(rules: Rules) -> None:
    assert verdicts(rules, [CONSTANT] * 8, moved(8)) == [Verdict(None, False)] * 8


SIZES = st.lists(st.tuples(st.integers(0, 2**40), st.none() | st.integers(0, 2**50)), max_size=40)


@given(st.integers(0, 5), st.integers(-3, 3), st.none() | st.floats(0, 1), SIZES)
def test_what_is_found_was_referenced(
    cycles: int, stable: int, threshold: float | None, sizes: list[tuple[int, int | None]]
) -> None:
    search = WorkingSetSearch(Rules(cycles, stable, threshold))

    found = [search.go_on(referenced, traffic) for referenced, traffic in sizes]

    assert all(size is None or size <= max(referenced for referenced, _ in sizes) for size, _ in found)
    if cycles:
        assert all(verdict.forget for verdict in found[cycles - 1 :: cycles])


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Traffic:
    """As rdt with a level: a million bytes a step on each of two domains, for these tasks."""

    tasks: set[str]
    step: int = 0

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        self.step += 1
        for task in tasks:
            if task.task_id in self.tasks:
                yield TRAFFIC.sample(500_000 * self.step, task, l3_domain=0)
                yield TRAFFIC.sample(500_000 * self.step, task, l3_domain=1)


@dataclass(eq=False)
class Machines:
    """A machine with processes of cgroups; `forgotten` tells which were since it was asked last."""

    machine: Machine
    referenced: dict[int, int] = field(default_factory=dict)

    def process(self, number: int, cgroup: str, referenced: int, listed_in: str | None = None) -> None:
        """One more process of a cgroup, with so many KiB; `listed_in`: not where it is by now."""
        self.referenced[number] = referenced
        procs = self.machine.root / f"sys/fs/cgroup{listed_in or cgroup}/cgroup.procs"
        before = procs.read_text() if procs.exists() else ""
        self.machine.cgroup_v2(listed_in or cgroup, {"cgroup.procs": f"{before}{number}\n"})
        self.machine.file(f"/proc/{number}/cgroup", f"0::{cgroup}\n")
        self.machine.file(f"/proc/{number}/smaps_rollup", f"Rss: 9 kB\nReferenced: {referenced} kB\n")
        self.machine.file(f"/proc/{number}/clear_refs", "")

    @property
    def forgotten(self) -> set[int]:
        found = set()
        for number in self.referenced:
            file = self.machine.root / f"proc/{number}/clear_refs"
            if file.exists() and file.read_text() == "1\n":
                found.add(number)
                file.write_text("")
        return found


@pytest.fixture
def given_machine(tmp_path: Path) -> Machines:
    return Machines(Machine(tmp_path))


def values(step: Step, name: str) -> dict[str, float]:
    return {one.labels["task_id"]: one.value for one in step.samples if one.name == name}


def test_referenced_memory_is_summed_over_processes(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 100)
    given_machine.process(2, "/a/below", 11)

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=0)], [make_task("/a"), make_task("/b")]) as agent:
        step = agent.step()

    assert values(step, "task_wss_referenced_bytes") == {"/a": 111 * 1024}
    assert values(step, "task_wss_measure_overhead_seconds") == {"/a": 0}
    assert given_machine.forgotten == set()


def test_without_reset_cycles_nothing_is_read(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 100)

    with running(given_machine.machine, [WorkingSet()], [make_task("/a")]) as agent:
        step = agent.step()

    assert not [one for one in step.samples if "wss" in one.name]
    assert {one.only_with for one in WorkingSet().requirements()} == {"wss_reset_cycles"}
    assert {(one.required, one.only_with) for one in WorkingSet(wss_reset_cycles=0).requirements()} == {(False, "")}


def test_everything_that_is_measured_is_described() -> None:
    assert {metric.name for metric in check_plugin(WorkingSet())} == {
        "task_wss_referenced_bytes",
        "task_working_set_size_bytes",
        "task_wss_measure_overhead_seconds",
        "task_measurement_errors",
    }


def test_all_processes_are_let_forget_every_few_steps(given_machine: Machines) -> None:
    given_machine.process(1, "/pod/a", 100)
    given_machine.process(2, "/pod/b", 100)
    task = make_task("/pod", "/pod/a", "/pod/b")

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=3)], [task]) as agent:
        found = []
        for _ in range(6):
            agent.step()
            found.append(given_machine.forgotten)

    assert found == [set(), set(), {1, 2}] * 2


def test_the_working_set_is_found_in_the_steps_of_an_agent(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 15360)
    plugins = [WorkingSet(wss_reset_cycles=0, wss_stable_cycles=2, wss_membw_threshold=0.1), Traffic(tasks={"/a"})]

    with running(given_machine.machine, plugins, [make_task("/a")]) as agent:
        found = [(values(agent.step(), "task_working_set_size_bytes"), given_machine.forgotten) for _ in range(7)]

    size = {"/a": 15728640.0}
    assert found == [({}, set()), ({}, set()), ({}, {1}), ({}, set()), ({}, set()), (size, {1}), (size, set())]


def test_a_task_without_traffic_is_told_once_and_still_measured(
    given_machine: Machines, caplog: pytest.LogCaptureFixture
) -> None:
    given_machine.process(1, "/a", 1)
    plugins = [WorkingSet(wss_reset_cycles=2, wss_stable_cycles=1, wss_membw_threshold=0.1), Traffic(tasks=set())]

    with running(given_machine.machine, plugins, [make_task("/a")]) as agent:
        steps = [agent.step() for _ in range(4)]

    assert all(values(step, "task_wss_referenced_bytes") == {"/a": 1024} for step in steps)
    assert given_machine.forgotten == {1}
    assert [record.getMessage() for record in caplog.records if record.name == "wca.wss"] == [
        "task /a has no task_mem_bandwidth_bytes, without which its working set is not found"
    ]


def test_a_process_whose_id_is_somebody_elses_by_now_does_not_forget(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 1)
    given_machine.process(2, "/ab", 1, listed_in="/a")

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=1)], [make_task("/a")]) as agent:
        agent.step()

    assert given_machine.forgotten == {1}


def test_where_cgroups_are_seen_otherwise_nothing_is_forgotten_and_that_is_told_once(
    given_machine: Machines, caplog: pytest.LogCaptureFixture
) -> None:
    given_machine.process(1, "/../a", 1, listed_in="/a")

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=1)], [make_task("/a")]) as agent:
        agent.step()
        agent.step()

    assert given_machine.forgotten == set()
    assert caplog.text.count("cgroup namespace of the host") == 1


def test_processes_that_ended_count_nothing(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 1)
    given_machine.process(2, "/a", 2)
    shutil.rmtree(given_machine.machine.root / "proc/1")

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=1)], [make_task("/a")]) as agent:
        step = agent.step()

        assert agent.host.statistics.plugin("wss").up
    assert values(step, "task_wss_referenced_bytes") == {"/a": 2048}
    assert given_machine.forgotten == {2}


def test_a_malformed_file_is_told_once_and_counts_nothing(
    given_machine: Machines, caplog: pytest.LogCaptureFixture
) -> None:
    given_machine.process(1, "/a", 1)
    given_machine.machine.file("/proc/1/smaps_rollup", "nonsense\n")

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=0)], [make_task("/a")]) as agent:
        steps = [agent.step(), agent.step()]

    assert [values(step, "task_wss_referenced_bytes") for step in steps] == [{"/a": 0}] * 2
    assert caplog.text.count("nonsense") == 1


def test_the_search_goes_on_when_the_containers_of_a_task_change(given_machine: Machines) -> None:
    given_machine.process(1, "/pod/a", 1)
    given_machine.process(2, "/pod/b", 2)

    with running(given_machine.machine, [WorkingSet(wss_reset_cycles=2)], [make_task("/pod", "/pod/a")]) as agent:
        agent.step()
        node = agent._dispatcher.bindings[0].plugin
        assert isinstance(node, GivenTasks)
        node.tasks = [make_task("/pod", "/pod/b")]
        step = agent.step()

    assert values(step, "task_wss_referenced_bytes") == {"/pod": 2048}
    assert given_machine.forgotten == {2}


class SlowClock:
    """Each look at the clock takes a tenth of a second."""

    time = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        self.time += 0.1
        return self.time


def test_a_task_that_takes_too_long_to_measure_is_left_out_in_every_other_step(
    given_machine: Machines, caplog: pytest.LogCaptureFixture
) -> None:
    given_machine.process(1, "/a", 1)
    host = Host(root=str(given_machine.machine.root), clock=SlowClock())

    with running(host, [WorkingSet(wss_reset_cycles=0)], [make_task("/a")]) as agent:
        steps = [agent.step() for _ in range(5)]

    assert [bool(values(step, "task_wss_referenced_bytes")) for step in steps] == [True, False, True, False, True]
    assert all(values(step, "task_wss_measure_overhead_seconds")["/a"] > 0 for step in steps)
    assert caplog.text.count("more than 5% of the time") == 1


def test_a_task_that_is_cheap_enough_to_measure_is_never_left_out(given_machine: Machines) -> None:
    given_machine.process(1, "/a", 1)
    host = Host(root=str(given_machine.machine.root), clock=SlowClock())

    with running(host, [WorkingSet(wss_reset_cycles=0, wss_max_overhead_ratio=1.0)], [make_task("/a")]) as agent:
        steps = [agent.step() for _ in range(5)]

    assert all(values(step, "task_wss_referenced_bytes") for step in steps)
