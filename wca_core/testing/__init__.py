"""A test kit for plugins: a machine made of files, tasks, real steps of the agent, and what every plugin must keep.

>>> machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": "usage_usec 2500000"})
>>> step = run_step(machine, [MyCollector()], tasks=[make_task("/a")])
>>> assert step.value("task_something", plugin="my-collector") == 1

>>> TestConformance = conformance(MyCollector)  # in a plugin's own tests: one test for each check
"""

from __future__ import annotations

from wca_core.testing.conformance import CHECKS, Verdict, conformance, examine
from wca_core.testing.conformance.machine_files import new_machine
from wca_core.testing.machine import Machine, TestClock
from wca_core.testing.plugins import GivenTasks, Memory, check_plugin, whole_binding
from wca_core.testing.running import Measured, run_step, running
from wca_core.testing.tasks import make_task

__all__ = [
    "CHECKS",
    "GivenTasks",
    "Machine",
    "Measured",
    "Memory",
    "TestClock",
    "Verdict",
    "check_plugin",
    "conformance",
    "examine",
    "make_task",
    "new_machine",
    "run_step",
    "running",
    "whole_binding",
]
