"""An agent within `wca top`, on machines made of files, and the lines it prints where there is no terminal."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from wca_top.agent_source import AgentSource

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.log_storage import LogStorage
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError, StartError
from wca_core.lock import only_agent
from wca_core.overview import Overview
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import GivenTasks, Machine, Memory, make_task, whole_binding


class Seen:
    """A view that ends after so many steps."""

    def __init__(self, stop: threading.Event, count: int = 1) -> None:
        self.overviews: list[Overview] = []
        self._stop = stop
        self._count = count

    def show(self, overview: Overview) -> None:
        self.overviews.append(overview)
        if len(self.overviews) == self._count:
            self._stop.set()

    def tell(self, trouble: str) -> None:
        raise AssertionError(trouble)


def plan_of(*plugins: object, interval: float = 0.1) -> Plan:
    tasks = GivenTasks(tasks=[make_task("/web", name="web-1")])
    return Plan(
        bindings=tuple(map(whole_binding, (tasks, *plugins))), interval=interval, extra_labels={"host": "node-7"}
    )


def steps(source: AgentSource, count: int) -> list[Overview]:
    stop = threading.Event()
    view = Seen(stop, count)
    source.run(view, stop)
    return view.overviews


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path).cgroup_v2("/web", {"cpu.stat": "usage_usec 1000000\n", "memory.current": "5000"})


def test_each_step_is_shown_and_stored_where_the_configuration_says(machine: Machine) -> None:
    storage = Memory()

    first, second = steps(AgentSource(plan_of(CgroupMetrics(), storage), machine.host()), 2)

    assert (first.host, first.tasks[0].name, first.tasks[0].memory_bytes) == ("node-7", "web-1", 5000)
    assert second.step_seconds is None  # there is no plugin `self` in this plan
    assert len(storage.stored["metrics"]) == 2


def test_a_storage_that_nobody_named_is_left_out(machine: Machine) -> None:
    asked = configured(Request(without=("platform", "psi", "vmstat", "zoneinfo", "self")))

    source = AgentSource(replace(asked.plan(), interval=0.1), machine.host())

    assert {one.name for one in source.bindings} == {"cgroup", "local"}


def test_a_storage_that_would_write_into_the_view_is_refused(machine: Machine) -> None:
    with pytest.raises(ConfigurationError, match=r"log would write into the view: --set log.output_filename=FILE"):
        AgentSource(plan_of(LogStorage()), machine.host())


def test_a_node_that_has_an_agent_is_told_with_what_to_do(machine: Machine, tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")

    with only_agent(lock), pytest.raises(StartError, match=r"another agent runs .*\n.*wca top --connect http://127"):
        steps(AgentSource(plan_of(), machine.host(), lock_path=lock), 1)


@plugin(api=1)
class Careful:
    """Remembers that it was stopped; refuses to start if told so."""

    def __init__(self, complaint: str = "") -> None:
        self.complaint = complaint
        self.is_stopped = False

    @hookimpl
    def start(self) -> None:
        if self.complaint:
            raise StartError(self.complaint)

    @hookimpl
    def stop(self) -> None:
        self.is_stopped = True


def test_plugins_are_stopped_at_the_end(machine: Machine) -> None:
    careful = Careful()

    steps(AgentSource(plan_of(careful), machine.host()), 1)

    assert careful.is_stopped


def test_a_plugin_that_refuses_to_start_ends_it_with_its_reason(machine: Machine) -> None:
    with pytest.raises(StartError, match="careful cannot start: no such device"):
        steps(AgentSource(plan_of(Careful("no such device")), machine.host()), 1)


def test_nobody_waits_for_the_end_of_a_long_pause(machine: Machine) -> None:
    (only,) = steps(AgentSource(plan_of(interval=3600), machine.host()), 1)

    assert only.tasks == ()
