"""Cgroups that go and come while their files are open: only a kernel answers ENODEV, so these are real ones."""

from collections.abc import Iterator

import pytest

from tests.cgroups import Cgroup, Cgroups, open_files_below, real_cgroups_or_skip
from wca_core.agent import Agent
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.host import Host
from wca_core.linux.files import OpenFiles
from wca_core.model.task import Task
from wca_core.testing import make_task, running

pytestmark = pytest.mark.root


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


def task_of(*cgroups: Cgroup) -> Task:
    return make_task("/pod", *(one.path for one in cgroups))


def measured(agent: Agent, name: str) -> float | None:
    return next((one.value for one in agent.step().samples if one.name == name), None)


def burn(cgroup: Cgroup) -> None:
    process = cgroup.run("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
    assert process.wait(60) == 0


@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_cgroup_that_goes_while_its_files_are_open_gives_nothing_and_comes_back(
    cgroups: Cgroups, maximum: int
) -> None:
    one = cgroups.make("a")
    host = Host(open_files=OpenFiles(maximum))

    with running(host, [CgroupMetrics()], [task_of(one)]) as agent:
        before = measured(agent, "task_up")
        one.remove()
        during = [measured(agent, "task_up") for _ in range(2)]
        one.make()
        after = measured(agent, "task_up")
        assert host.statistics.plugin("cgroup").up

    assert (before, during, after) == (1, [None, None], 1)


@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_cgroup_made_anew_between_two_reads_does_not_make_a_counter_fall(cgroups: Cgroups, maximum: int) -> None:
    one = cgroups.make("a")
    burn(one)

    with running(Host(open_files=OpenFiles(maximum)), [CgroupMetrics()], [task_of(one)]) as agent:
        before = measured(agent, "task_cpu_usage_seconds")
        one.remove()
        one.make()
        remade = measured(agent, "task_cpu_usage_seconds")
        burn(one)
        burn(one)
        after = measured(agent, "task_cpu_usage_seconds")
        own = int(one.file("cpuacct.usage").read_text()) / 1e9 if one.trees.version == 1 else None

    assert before is not None
    assert remade is not None
    assert after is not None
    assert 0 < before <= remade < after
    if own is not None:
        assert after == pytest.approx(before + own)


def test_of_two_containers_the_one_that_stays_is_measured(cgroups: Cgroups) -> None:
    stays, goes = cgroups.make("pod/a"), cgroups.make("pod/b")
    burn(goes)

    with running(Host(), [CgroupMetrics()], [task_of(stays, goes)]) as agent:
        before = measured(agent, "task_cpu_usage_seconds")
        goes.remove()
        after = measured(agent, "task_cpu_usage_seconds")
        assert measured(agent, "task_up") == 1

    assert before is not None
    assert after is not None
    assert after >= before > 0


def test_a_cgroup_gone_between_discovery_and_the_first_read_gives_nothing(cgroups: Cgroups) -> None:
    one = cgroups.make("a")
    task = task_of(one)
    one.remove()

    with running(Host(), [CgroupMetrics()], [task]) as agent:
        assert measured(agent, "task_up") is None
        assert agent.host.statistics.plugin("cgroup").up
        one.make()
        assert measured(agent, "task_up") == 1


def test_a_descriptor_of_a_removed_cgroup_is_given_back(cgroups: Cgroups) -> None:
    one = cgroups.make("a")
    host = Host(open_files=OpenFiles(1000))

    with running(host, [CgroupMetrics()], [task_of(one)]) as agent:
        agent.step()
        opened, budgeted = open_files_below(cgroups.parent), host.open_files.count
        one.remove()
        agent.step()
        assert open_files_below(cgroups.parent) == 0 < opened
        assert host.open_files.count == budgeted - opened
