"""The command of the acceptance: what it shows of two tasks is what perf(1) and resctrl's own files show of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wca_rdt.resctrl.names import group_name

from plugins.wca_rdt.tests.hardware_command import Measuring, Page, measuring
from plugins.wca_rdt.tests.perf.given import WORK, counted_by_perf
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount
from tests.cgroups import Cgroup, Cgroups, first_line, real_cgroups_or_skip
from tests.measuring import SLEEPING
from tests.vm.guest import in_guest
from tests.vm.registers import INSTRUCTIONS_IN_256_CYCLES, Registers, first_cpus

pytestmark = in_guest

IPC = {"a": 1.0, "b": 2.0}
TURNS = {"a": WORK, "b": f"{WORK}; {WORK}"}


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@contextmanager
def instructions_in_a_cycle(number: float) -> Iterator[None]:
    """Of all CPUs."""
    registers, cpu = Registers(), min(first_cpus().values())
    registers.write(cpu, INSTRUCTIONS_IN_256_CYCLES, int(256 * number))
    try:
        yield
    finally:
        registers.write(cpu, INSTRUCTIONS_IN_256_CYCLES, 0)
        registers.close()


def sleeping(cgroups: Cgroups, name: str) -> Cgroup:
    cgroup = cgroups.make(name)
    first_line(cgroup.run(*SLEEPING))
    return cgroup


def use_the_cache(mount: ResctrlMount, cgroup: Cgroup, size: int) -> None:
    """A different size in each cache; traffic is ten times that, six tenths of it local."""
    group = f"mon_groups/{group_name(cgroup.path)}"
    for domain in mount.domains:
        mount.set_occupancy(group, domain, (size + domain) * UNIT)
        mount.add_bandwidth(group, domain, 10 * size * UNIT, 6 * size * UNIT)


def by_hand(mount: ResctrlMount, cgroup: Cgroup) -> dict[str, int]:
    """What the files of the task's group say, added up over the caches."""
    data = mount.path / "mon_groups" / group_name(cgroup.path) / "mon_data"
    sums = {
        name: sum(int(file.read_text()) for file in data.glob(f"mon_L3_*/{name}"))
        for name in ("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes")
    }
    total, local = sums["mbm_total_bytes"], sums["mbm_local_bytes"]
    return {
        "task_llc_occupancy_bytes": sums["llc_occupancy"],
        "task_mem_bandwidth_bytes": total,
        "task_mem_bandwidth_local_bytes": local,
        "task_mem_bandwidth_remote_bytes": total - local,
    }


def grown(before: Page, after: Page, cgroup: Cgroup, metric: str) -> float:
    return after[metric, cgroup.path] - before[metric, cgroup.path]


def shown(command: Measuring, metric: str, cgroup: Cgroup) -> list[float]:
    """In all steps that had it."""
    return [page[metric, cgroup.path] for _, page in command.pages if (metric, cgroup.path) in page]


def test_two_tasks_are_shown_as_perf_counts_them_and_resctrl_tells(
    resctrl: ResctrlMount, cgroups: Cgroups, tmp_path: Path
) -> None:
    tasks = {name: sleeping(cgroups, name) for name in "ab"}
    with measuring(tmp_path, *tasks.values()) as command:
        before = command.page()
        at_first = {name: by_hand(resctrl, task) for name, task in tasks.items()}
        by_perf = {}
        for name, task in tasks.items():
            use_the_cache(resctrl, task, size={"a": 3, "b": 5}[name])
            with instructions_in_a_cycle(IPC[name]):
                by_perf[name] = counted_by_perf(task, "instructions", "cycles", work=TURNS[name])
        after = command.page()
        at_last = {name: by_hand(resctrl, task) for name, task in tasks.items()}
    said = command.said()

    for name, task in tasks.items():
        for metric, event in (("task_instructions", "instructions"), ("task_cycles", "cycles")):
            assert grown(before, after, task, metric) == pytest.approx(by_perf[name][event], rel=0.03), (name, metric)
        assert by_perf[name]["instructions"] / by_perf[name]["cycles"] == pytest.approx(IPC[name], rel=0.01)
        assert max(shown(command, "task_ipc", task)) == pytest.approx(IPC[name], rel=0.02)
        assert max(shown(command, "task_ips", task)) > 1_000_000
        for metric, value in at_last[name].items():
            if metric == "task_llc_occupancy_bytes":
                assert after[metric, task.path] == value > 0
            else:
                assert grown(before, after, task, metric) == value - at_first[name][metric] > 0, (name, metric)
    assert by_perf["b"]["cycles"] > 1.3 * by_perf["a"]["cycles"], "a mix-up would be seen"
    assert at_last["a"]["task_llc_occupancy_bytes"] != at_last["b"]["task_llc_occupancy_bytes"]
    assert command.process.returncode == 0
    assert "WARNING" not in said, said
