"""Every plugin of wca-core keeps what is asked of plugins; one class of tests for each."""

from __future__ import annotations

from pathlib import Path

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.builtin.filter_storage import FilterStorage
from wca_core.builtin.live import LiveSummary
from wca_core.builtin.local.node import LocalNode
from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.nop import NOPAllocator, NOPAnomalyDetector
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.builtin.pressure.metrics import Pressure
from wca_core.builtin.processes import PidCounts
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.builtin.sched import Sched
from wca_core.builtin.static_allocator.allocator import StaticAllocator
from wca_core.builtin.static_node import StaticNode
from wca_core.builtin.vmstat import Vmstat
from wca_core.builtin.working_set.metrics import WorkingSet
from wca_core.builtin.zoneinfo import Zoneinfo
from wca_core.registry import PLUGINS, Registry
from wca_core.selfmetrics import OwnMetrics
from wca_core.testing import conformance


def _log(folder: Path) -> str:
    return str(folder / "metrics.prom")


def _storages(folder: Path) -> list[object]:
    return [LogStorage(output_filename=_log(folder))]


RULES = [{"name": "all", "allocations": {"cpu_quota": 0.5}}]

TestCgroupMetrics = conformance(CgroupMetrics)
TestCgroupControl = conformance(CgroupControl)
TestFilterStorage = conformance(FilterStorage, storages=_storages)
TestLiveSummary = conformance(LiveSummary)
TestLocalNode = conformance(LocalNode)
TestLogStorage = conformance(LogStorage, output_filename=_log)
TestNOPAllocator = conformance(NOPAllocator)
TestNOPAnomalyDetector = conformance(NOPAnomalyDetector)
TestOwnMetrics = conformance(OwnMetrics)
TestPidCounts = conformance(PidCounts)
TestPlatformMetrics = conformance(PlatformMetrics)
TestPressure = conformance(Pressure)
TestPrometheusStorage = conformance(PrometheusStorage, listen="127.0.0.1:0")
TestSched = conformance(Sched, sched=True)
TestStaticAllocator = conformance(StaticAllocator, rules=RULES)
TestStaticNode = conformance(StaticNode, tasks=["task-0", "task-1"])
TestVmstat = conformance(Vmstat)
TestWorkingSet = conformance(WorkingSet, wss_reset_cycles=1)
TestZoneinfo = conformance(Zoneinfo)


def test_no_plugin_of_the_core_is_left_out() -> None:
    own = {offer.class_name for offer in Registry().offers if offer.group == PLUGINS and offer.package == "wca-core"}

    assert {f"Test{name}" for name in own} <= globals().keys()
