"""What is made of counters: on a resctrl made of files, in which every thread is in its group already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.monitoring import CHECKS

from plugins.wca_rdt.tests.resctrl.folder import PATH, ResctrlFolder, l3, task_cgroup
from tests.cgroups import open_files_below
from wca_core.agent import Agent
from wca_core.builtin.working_set.metrics import WorkingSet
from wca_core.overview import OverviewMaker
from wca_core.testing import GivenTasks, Machine, Measured, make_task, running

TASK = make_task("/a")
OURS = "mon_groups/a"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    task_cgroup(machine, "/a", [1, 2])
    return machine


@pytest.fixture
def resctrl(machine: Machine) -> ResctrlFolder:
    return ResctrlFolder(machine).group(OURS, {"mon_L3_00": l3(3, 2, 1), "mon_L3_01": l3(3, 2, 1)}, [1, 2])


@pytest.fixture
def agent(machine: Machine, resctrl: ResctrlFolder) -> Iterator[Agent]:
    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        yield agent


def step(agent: Agent) -> Measured:
    return Measured(agent.step(), agent.host.statistics)


def values(measured: Measured) -> dict[str, float | None]:
    names = ("mem_bandwidth", "mem_bandwidth_local", "mem_bandwidth_remote", "llc_occupancy")
    return {name: measured.value(f"task_{name}_bytes", "/a") for name in names}


def test_values_are_sums_over_caches(agent: Agent) -> None:
    assert values(step(agent)) == {
        "mem_bandwidth": 6,
        "mem_bandwidth_local": 4,
        "mem_bandwidth_remote": 2,
        "llc_occupancy": 2,
    }


def test_a_cache_without_a_value_keeps_its_last(agent: Agent, resctrl: ResctrlFolder) -> None:
    step(agent)
    resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": "Unavailable"}, "mon_L3_01": {"mbm_total_bytes": 5}})

    assert values(step(agent))["mem_bandwidth"] == 8


def test_a_counter_that_was_reset_goes_on(agent: Agent, resctrl: ResctrlFolder) -> None:
    step(agent)
    resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": "Unavailable"}, "mon_L3_01": {"mbm_total_bytes": 5}})
    step(agent)
    resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": 1}, "mon_L3_01": {"mbm_total_bytes": 6}})

    assert values(step(agent))["mem_bandwidth"] == 3 + 1 + 6


def test_occupancy_is_left_out_while_no_cache_has_a_value(agent: Agent, resctrl: ResctrlFolder) -> None:
    word = {"llc_occupancy": "Unavailable"}
    resctrl.counters(OURS, {"mon_L3_00": word, "mon_L3_01": word})

    found = values(step(agent))

    assert (found["llc_occupancy"], found["mem_bandwidth"]) == (None, 6)


@pytest.mark.parametrize("word", ["Error", "what?", ""])
def test_an_error_costs_one_value_and_is_counted(
    agent: Agent, resctrl: ResctrlFolder, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    resctrl.counters(OURS, {"mon_L3_01": {"mbm_total_bytes": word}})
    step(agent)

    found = step(agent)

    assert values(found)["mem_bandwidth"] == 3
    assert found.value("task_measurement_errors", "/a", source="resctrl") == 2
    assert caplog.text.count("mbm_total_bytes of L3 cache 1") == 1


def test_threads_that_are_in_the_group_are_not_written(agent: Agent, resctrl: ResctrlFolder) -> None:
    files = [resctrl.path / "tasks", resctrl.path / OURS / "tasks"]
    before = [file.stat().st_mtime_ns for file in files]

    step(agent)

    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_counter_stays_when_its_cache_goes_offline(agent: Agent, resctrl: ResctrlFolder) -> None:
    resctrl.counters("", {"mon_L3_00": l3(0, 0, 0), "mon_L3_01": l3(0, 0, 0)})
    step(agent)
    for directory in (resctrl.path / "mon_data/mon_L3_01", resctrl.path / OURS / "mon_data/mon_L3_01"):
        directory.rename(resctrl.machine.root / f"gone-{directory.parts[-3]}")
    resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": 4}})

    found = values(step(agent))

    assert (found["mem_bandwidth"], found["llc_occupancy"]) == (3 + 4, 1)


def test_a_cache_that_comes_online_counts(agent: Agent, resctrl: ResctrlFolder) -> None:
    step(agent)
    resctrl.counters("", {"mon_L3_02": l3(0, 0, 0)}).counters(OURS, {"mon_L3_02": l3(10, 10, 10)})

    assert values(step(agent))["mem_bandwidth"] == 16


def test_caches_of_any_numbers_count_and_their_parts_do_not(machine: Machine) -> None:
    parts = {
        f"{cache}/mon_sub_L3_{number}": l3(100, 100, 100) for cache in ("mon_L3_02", "mon_L3_07") for number in "01"
    }
    ResctrlFolder(machine).group(OURS, {"mon_L3_02": l3(3, 2, 1), "mon_L3_07": l3(4, 2, 1), **parts}, [1, 2])

    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        assert values(step(agent))["mem_bandwidth"] == 7


def test_metrics_may_be_by_cache(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.counters(OURS, {"mon_L3_01": l3(30, 20, 10)})

    with running(machine, [Rdt(resctrl_path=PATH, resctrl_per_domain=True)], [TASK]) as agent:
        found = step(agent)

    assert [found.value("task_mem_bandwidth_bytes", "/a", l3_domain=domain) for domain in "01"] == [3, 30]
    assert [found.value("task_llc_occupancy_bytes", "/a", l3_domain=domain) for domain in "01"] == [1, 10]
    assert [found.value("task_mem_bandwidth_remote_bytes", "/a", l3_domain=domain) for domain in "01"] == [1, 10]


@pytest.mark.parametrize(
    ("feature", "given"),
    [
        ("mbm_total_bytes", {"task_mem_bandwidth_bytes"}),
        ("mbm_local_bytes", {"task_mem_bandwidth_local_bytes"}),
        ("llc_occupancy", {"task_llc_occupancy_bytes"}),
    ],
)
def test_only_what_is_counted_is_told(machine: Machine, feature: str, given: set[str]) -> None:
    domains = {"mon_L3_00": {feature: 5}}
    ResctrlFolder(machine, features=f"{feature}\n").group(OURS, domains, [1, 2]).counters("", domains)

    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        names = step(agent).names

    assert {name for name in names if name.startswith(("task_mem_bandwidth", "task_llc"))} == given


def test_telemetry_is_a_sum_over_packages(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.info("PERF_PKG_MON", num_rmids="16\n", mon_features="core_energy\nactivity\nuops_retired\n")
    files = {"core_energy": 1.5, "activity": 2.25, "uops_retired": 7}
    resctrl.counters(OURS, {"mon_PERF_PKG_00": files, "mon_PERF_PKG_01": files})

    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        few = step(agent)
    resctrl.group(OURS, {}, [1, 2])
    with running(machine, [Rdt(resctrl_path=PATH, resctrl_telemetry=True)], [TASK]) as agent:
        all_of_it = step(agent)

    assert few.value("task_resctrl_core_energy_joules", "/a") == 3.0
    assert few.value("task_resctrl_activity", "/a") == 4.5
    assert few.value("task_resctrl_uops_retired", "/a") is None
    assert all_of_it.value("task_resctrl_uops_retired", "/a") == 14


def test_the_machine_is_the_sum_of_its_control_groups(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.counters("", {"mon_L3_00": l3(100, 0, 10), "mon_L3_01": l3(200, 0, 20)})
    resctrl.control("gold").counters("gold", {"mon_L3_00": l3(5, 0, 1)})

    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        found = step(agent)

    assert [found.value("platform_mem_bandwidth_bytes", l3_domain=domain) for domain in "01"] == [105, 200]
    assert [found.value("platform_llc_occupancy_bytes", l3_domain=domain) for domain in "01"] == [11, 20]
    assert (found.value("platform_resctrl_mon_groups"), found.value("platform_resctrl_num_rmids")) == (3, 16)


def test_what_a_removed_control_group_moved_still_counts(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.counters("", {"mon_L3_00": l3(100, 0, 10)})
    resctrl.control("gold").counters("gold", {"mon_L3_00": l3(5, 0, 1)})

    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        step(agent)
        (resctrl.path / "gold").rename(resctrl.path.parent / "gone")
        found = step(agent)

    assert found.value("platform_mem_bandwidth_bytes", l3_domain="0") == 105


def test_the_overview_shows_cache_and_bandwidth(machine: Machine, resctrl: ResctrlFolder) -> None:
    maker = OverviewMaker()
    with running(machine, [Rdt(resctrl_path=PATH)], [TASK]) as agent:
        for now, total in ((100.0, 3), (102.0, 2003)):
            resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": total}})
            samples = agent.step().samples
            machine.clock.advance(2)
            maker.add(samples, "metrics", now)

    overview = maker.overview()
    assert overview is not None
    assert [(row.cache_bytes, row.memory_bandwidth) for row in overview.tasks] == [(2, 1000.0)]


def test_the_working_set_is_found_by_the_traffic(machine: Machine, resctrl: ResctrlFolder) -> None:
    machine.file("/proc/1/smaps_rollup", "0-1 ---p 0 00:00 0 [rollup]\nReferenced: 100 kB\n")
    machine.file("/proc/1/cgroup", "0::/a\n").file("/proc/1/clear_refs", "")
    machine.cgroup_v2("/a", {"cgroup.procs": "1\n"})
    search = WorkingSet(wss_reset_cycles=0, wss_stable_cycles=1, wss_membw_threshold=0.5)

    with running(machine, [Rdt(resctrl_path=PATH), search], [TASK]) as agent:
        for total in range(10**6, 10**7, 10**6):
            resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": total}})
            found = step(agent)

    assert found.value("task_working_set_size_bytes", "/a") == 102400


def test_a_task_whose_group_is_none_costs_only_itself(machine: Machine, resctrl: ResctrlFolder) -> None:
    task_cgroup(machine, "/b", [3])
    machine.file(f"{PATH}/mon_groups/b", "no directory")

    with running(machine, [Rdt(resctrl_path=PATH)], [make_task("/b"), TASK]) as agent:
        found = step(agent)

    assert values(found)["mem_bandwidth"] == 6
    assert found.value("task_measurement_errors", "/b", source="resctrl") == 2
    assert found.value("task_measurement_errors", "/a", source="resctrl") == 0


def test_a_resctrl_that_is_unmounted_costs_only_rdt_and_may_come_back(agent: Agent, resctrl: ResctrlFolder) -> None:
    step(agent)
    (resctrl.path / "mon_groups").rename(resctrl.path.parent / "away")
    without = step(agent)
    still_open = open_files_below(str(resctrl.path.parent))
    (resctrl.path.parent / "away").rename(resctrl.path / "mon_groups")
    again = step(agent)

    assert [found.value("wca_plugin_up", plugin="rdt") for found in (without, again)] == [0, 1]
    assert (values(without)["mem_bandwidth"], values(again)["mem_bandwidth"]) == (None, 6)
    assert still_open == 0  # the kernel mounts it only once


def test_a_task_without_cgroup_has_no_values(agent: Agent, machine: Machine) -> None:
    step(agent)
    (machine.root / "sys/fs/cgroup/a").rename(machine.root / "gone")

    found = step(agent)

    assert values(found) == dict.fromkeys(values(found))
    assert found.value("platform_resctrl_mon_groups") == 2


def test_a_task_keeps_its_counters_when_its_labels_change(machine: Machine, resctrl: ResctrlFolder) -> None:
    given = GivenTasks(tasks=[TASK])
    with running(machine, [given, Rdt(resctrl_path=PATH)]) as agent:
        step(agent)
        given.tasks = [make_task("/a", labels={"app": "web"})]
        resctrl.counters(OURS, {"mon_L3_00": {"mbm_total_bytes": 1}})
        found = step(agent)

    assert values(found)["mem_bandwidth"] == 3 + 1 + 3
    assert found.samples("task_mem_bandwidth_bytes")[0].labels["app"] == "web"


def test_of_many_tasks_the_groups_are_looked_into_in_turn(machine: Machine, resctrl: ResctrlFolder) -> None:
    tasks = [make_task(f"/t{number}") for number in range(2 * CHECKS)]
    groups = [resctrl.path / "mon_groups" / task.name / "tasks" for task in tasks]
    for number, task in enumerate(tasks, 100):
        task_cgroup(machine, task.cgroup_path, [number])
        resctrl.group(f"mon_groups/{task.name}", {}, [number])

    found = []
    with running(machine, [Rdt(resctrl_path=PATH)], tasks) as agent:
        agent.step()
        for group in groups:
            group.write_text("")  # somebody moved all threads away
        for _ in range(2):
            agent.step()
            found.append(sum(bool(group.read_text()) for group in groups))

    assert found == [CHECKS, 2 * CHECKS]
