"""vmstat and zoneinfo: which fields are shown, and what happens when files change or are missing."""

import shutil
from pathlib import Path

import pytest

from wca_core.agent import Agent, Step
from wca_core.builtin.vmstat import FIXED, Vmstat
from wca_core.builtin.zoneinfo import Zoneinfo
from wca_core.testing import Machine, check_plugin, run_step, running

FIELDS = """\
nr_free_pages 100
nr_active_anon 7
numa_hint_faults 30
numa_hint_faults_local 10
pgfault 18446744073709551615
"""
NODE = "sys/devices/system/node/node{}"
ZONES = """\
Node 0, zone   Normal
  per-node stats
      nr_inactive_anon 1913
  pages free     3840
        min      10
    cpu: 0
              count:    57
Node 3, zone  Movable
  pages free     0
"""


def machine(root: Path) -> Machine:
    found = Machine(root).file("/proc/vmstat", FIELDS).file("/proc/zoneinfo", ZONES)
    for node in (0, 3):
        found.file(f"/{NODE.format(node)}/vmstat", f"nr_free_pages {50 + node}\nnuma_hit 4\n")
    return found


def keys(step: Step, name: str) -> dict[tuple[str, ...], float]:
    return {one.series.level_values: one.value for one in step.samples if one.name == name}


def test_six_fields_are_measured_as_metrics_of_their_own(tmp_path: Path) -> None:
    step = run_step(machine(tmp_path), [Vmstat(vmstat=False)])

    assert step.value("platform_vmstat_numa_hint_faults") == 30
    assert step.value("platform_vmstat_numa_hint_faults_local") == 10
    assert step.value("platform_vmstat_pgfaults") == 18446744073709551615
    assert step.value("platform_vmstat_pgmigrate_fail") is None
    assert not {"platform_vmstat", "platform_node_vmstat"} & step.names


def test_all_fields_are_measured_of_the_machine_and_of_each_node(tmp_path: Path) -> None:
    step = run_step(machine(tmp_path), [Vmstat()]).step

    assert len(keys(step, "platform_vmstat")) == 5
    assert keys(step, "platform_vmstat")["nr_active_anon",] == 7
    assert keys(step, "platform_node_vmstat") == {
        ("0", "nr_free_pages"): 50,
        ("0", "numa_hit"): 4,
        ("3", "nr_free_pages"): 53,
        ("3", "numa_hit"): 4,
    }


def test_an_expression_chooses_fields_from_the_beginning_of_their_keys(tmp_path: Path) -> None:
    step = run_step(machine(tmp_path), [Vmstat(vmstat="nr_active.*|numa_hit|free")])

    assert keys(step.step, "platform_vmstat") == {("nr_active_anon",): 7}
    assert keys(step.step, "platform_node_vmstat") == {("0", "numa_hit"): 4, ("3", "numa_hit"): 4}
    assert step.value("platform_vmstat_numa_hint_faults") == 30


def test_everything_that_is_measured_is_described(tmp_path: Path) -> None:
    every = machine(tmp_path).file("/proc/vmstat", "".join(f"{key} 1\n" for key in FIXED))

    step = run_step(every, [Vmstat(), Zoneinfo()])

    described = {metric.name for plugin in (Vmstat(), Zoneinfo()) for metric in check_plugin(plugin)}
    assert {name for name in step.names if name.startswith("platform_")} == described


def test_all_zones_are_measured_and_what_is_of_a_whole_node(tmp_path: Path) -> None:
    assert keys(run_step(machine(tmp_path), [Zoneinfo()]).step, "platform_zoneinfo") == {
        ("0", "per-node-stats", "nr_inactive_anon"): 1913,
        ("0", "Normal", "free"): 3840,
        ("0", "Normal", "min"): 10,
        ("3", "Movable", "free"): 0,
    }


def test_an_expression_chooses_fields_of_zones(tmp_path: Path) -> None:
    step = run_step(machine(tmp_path), [Zoneinfo(zoneinfo=r"\s+(count|min):?\s+(\d+)")]).step

    assert keys(step, "platform_zoneinfo") == {("0", "Normal", "min"): 10, ("0", "Normal", "count"): 57}


def test_zoneinfo_false_measures_nothing(tmp_path: Path) -> None:
    assert "platform_zoneinfo" not in run_step(machine(tmp_path), [Zoneinfo(zoneinfo=False)]).names


def test_what_an_expression_takes_for_a_number_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(machine(tmp_path), [Zoneinfo(zoneinfo=r"\s+(\w+)\s+(\w+)")]) as agent:
        machine(tmp_path).file("/proc/zoneinfo", ZONES + "  pages free x\n")
        steps = [agent.step(), agent.step()]

    assert all(keys(step, "platform_zoneinfo")["0", "Normal", "free"] == 3840 for step in steps)
    found = [record.getMessage() for record in caplog.records if record.name == "wca.zoneinfo"]
    assert found == ["zoneinfo: the second group is no number in the line 'free x'"]


def later(agent: Agent, given: Machine) -> list[Step]:
    """A step, one after the numbers changed, one after the keys changed, and one after that."""
    steps = [agent.step()]
    given.file("/proc/vmstat", FIELDS.replace("100", "200"))
    given.file("/proc/zoneinfo", ZONES.replace("3840", "5000").replace("57", "58"))
    steps.append(agent.step())
    given.file("/proc/vmstat", FIELDS.replace("100", "300").replace("nr_active_anon", "nr_active_file"))
    given.file("/proc/zoneinfo", ZONES.replace("3840", "6000").replace("min ", "high"))
    return [*steps, agent.step(), agent.step()]


def test_numbers_and_keys_may_change_from_step_to_step(tmp_path: Path) -> None:
    given = machine(tmp_path)

    with running(given, [Vmstat(), Zoneinfo()]) as agent:
        steps = later(agent, given)

    assert [keys(step, "platform_vmstat")["nr_free_pages",] for step in steps] == [100, 200, 300, 300]
    assert [("nr_active_file",) in keys(step, "platform_vmstat") for step in steps] == [False, False, True, True]
    zones = [keys(step, "platform_zoneinfo") for step in steps]
    assert [zone["0", "Normal", "free"] for zone in zones] == [3840, 5000, 6000, 6000]
    assert [("0", "Normal", "min") in zone for zone in zones] == [True, True, False, False]


def test_series_stay_the_same_objects_while_keys_do(tmp_path: Path) -> None:
    given = machine(tmp_path)
    host = given.host()
    for plugin in (Vmstat(), Zoneinfo()):
        first = [block.series for block in plugin.collect_metrics(host=host)]
        given.file("/proc/vmstat", FIELDS.replace("100", "200")).file("/proc/zoneinfo", ZONES.replace("3840", "5000"))
        second = [block.series for block in plugin.collect_metrics(host=host)]
        plugin.stop()

        assert len(first) == len(second) > 0
        assert all(one is other for one, other in zip(first, second, strict=True))


def test_numa_nodes_may_come_and_go(tmp_path: Path) -> None:
    given = machine(tmp_path)
    host = given.host()

    with running(host, [Vmstat(vmstat="nr_free")]) as agent:
        agent.step()
        opened = host.open_files.count
        shutil.rmtree(tmp_path / NODE.format(3))
        gone = agent.step()
        assert host.open_files.count == opened - 1
        given.file(f"/{NODE.format(5)}/vmstat", "nr_free_pages 1\n")
        come = agent.step()

    assert [*keys(gone, "platform_node_vmstat")] == [("0", "nr_free_pages")]
    assert [*keys(come, "platform_node_vmstat")] == [("0", "nr_free_pages"), ("5", "nr_free_pages")]
    assert host.open_files.count == 0


def test_missing_files_are_told_once_and_are_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(Machine(tmp_path), [Vmstat(), Zoneinfo()]) as agent:
        agent.step()
        agent.step()

        assert agent.host.statistics.plugin("vmstat").up
        assert agent.host.statistics.plugin("zoneinfo").up
    assert len([record for record in caplog.records if "cannot be read" in record.getMessage()]) == 2


def test_a_file_longer_than_what_the_kernel_gives_at_once_is_read_to_its_end(tmp_path: Path) -> None:
    text = "".join(f"key_{number} {number}\n" for number in range(20_000))

    step = run_step(Machine(tmp_path).file("/proc/vmstat", text), [Vmstat()]).step

    assert len(keys(step, "platform_vmstat")) == 20_000
