"""The price of a step in system calls, which no busy machine can blur: strace counts them."""

from __future__ import annotations

import shutil

import pytest

from bench.cgroups import why_not
from bench.programs import Files
from bench.syscalls import Calls, count_calls
from wca_core.linux.cgroup import find_hierarchies

TASKS = 20
OTHERS = 40
"""System calls of a step that do not depend on the tasks: discovery, the page, the agent's own metrics."""


def _missing() -> str | None:
    if shutil.which("strace") is None or shutil.which("gcc") is None:
        return "strace and gcc are needed (apt-get install strace gcc)"
    reason = why_not()
    if reason is None and not find_hierarchies("/", "/proc").v1:
        return "the numbers are those of cgroup v1"
    return reason


pytestmark = [pytest.mark.root, pytest.mark.skipif(_missing() is not None, reason=str(_missing()))]


@pytest.fixture(scope="module")
def calls() -> Calls:
    return count_calls(TASKS)


def test_a_task_costs_one_read_for_each_of_its_files(calls: Calls) -> None:
    assert calls.per_task["pread64"] == calls.files


def test_a_task_costs_no_system_call_but_its_reads(calls: Calls) -> None:
    amortised = sum(calls.per_task.values()) - calls.files

    assert amortised < OTHERS / TASKS / 10, calls.per_task


def test_a_step_without_tasks_costs_a_few_dozen_system_calls(calls: Calls) -> None:
    assert sum(calls.without_tasks.values()) <= OTHERS


def test_only_the_files_of_the_wanted_metrics_are_read() -> None:
    calls = count_calls(TASKS, Files.REFERENCE)

    assert calls.per_task["pread64"] == calls.files == 7
