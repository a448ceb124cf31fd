from __future__ import annotations

from wca_record.measuring import measuring
from wca_record.recorder import Recorder

from wca_core.dispatch import HOOKS, STREAMS, Binding
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, gauge
from wca_core.model.snapshot import Snapshot
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, hooks_of, plugin
from wca_core.settings import AllocationSettings
from wca_core.testing import GivenTasks, Machine, Memory, make_task

SEEN = Metric("task_seen", "Seen.", gauge)


@plugin(api=1)
class Everything:
    """Measures, and would do all that is not wanted."""

    def __init__(self):
        self.calls = []

    @hookimpl
    def collect_metrics(self, tasks):
        self.calls.append("collect")
        return [SEEN.sample(1, task) for task in tasks]

    @hookimpl
    def detect(self, snapshot):
        self.calls.append("detect")

    @hookimpl
    def allocate(self, snapshot):
        self.calls.append("allocate")
        return [Allocation("/a", AllocationType.CPU_SHARES, 1.0)]

    @hookimpl
    def read_allocations(self, tasks):
        return [Allocation(task.task_id, AllocationType.CPU_SHARES, 0.5) for task in tasks]

    @hookimpl
    def plan_writes(self, changes):
        self.calls.append("plan")


@plugin(api=1)
class Watch:
    def __init__(self):
        self.snapshots: list[Snapshot] = []

    @hookimpl
    def detect(self, snapshot):
        self.snapshots.append(snapshot)


def binding(one):
    hooks = hooks_of(type(one)) & HOOKS
    return Binding(name=type(one).__name__, plugin=one, hooks=hooks, streams=STREAMS)


def planned(*plugins, **fields):
    tasks = GivenTasks(tasks=[make_task("/a")])
    return Plan(bindings=tuple(map(binding, (tasks, *plugins))), **fields)


def test_what_measures_is_called_and_nothing_else(tmp_path):
    everything, memory, watch = Everything(), Memory(), Watch()
    plan = measuring(planned(everything, memory), binding(watch))

    agent = plan.agent(Machine(tmp_path).cgroup_v2("/a", {}).host())
    agent.start()
    step = agent.step()
    agent.stop()

    assert everything.calls == ["collect"]
    assert [one.plugin for one in plan.bindings if one.plugin is memory] == []
    assert "task_seen" in {sample.name for sample in step.samples}
    assert watch.snapshots[0].allocations == [Allocation("/a", AllocationType.CPU_SHARES, 0.5)]


def test_nothing_is_written_and_no_journal_or_audit_log_made(tmp_path):
    settings = AllocationSettings(audit_log=str(tmp_path / "audit"), restore_state_file=str(tmp_path / "journal"))

    plan = measuring(planned(Everything(), allocation=settings))
    agent = plan.agent(Machine(tmp_path / "machine").cgroup_v2("/a", {}).host())
    agent.start()
    agent.step()
    agent.stop()

    assert plan.allocation.dry_run
    assert [entry.name for entry in tmp_path.iterdir()] == ["machine"]


def test_a_plan_that_does_not_allocate_gets_no_allocator():
    plan = measuring(planned(Watch()))

    assert plan.streams == ("metrics",)


def test_a_recorder_of_the_configuration_is_left_out():
    plan = measuring(planned(Recorder(file="/tmp/none/other.arrows")))

    assert not [one for one in plan.bindings if isinstance(one.plugin, Recorder)]
