"""The agent as a process against another process that writes the same files of real cgroups, as a kubelet does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cgroups import wait_until
from tests.test_real_allocation_runner import RULES, Node, node  # noqa: F401  fixture

pytestmark = [pytest.mark.root]

KUBELET = """
import sys, time
path, seconds, *values = sys.argv[1:]
while True:
    for value in values:
        with open(path, "w") as file:
            file.write(value)
        time.sleep(float(seconds))
"""


@contextmanager
def kubelet(path: str, seconds: float, *values: str) -> Iterator[None]:
    """Writes these values in turn, for ever."""
    process = subprocess.Popen([sys.executable, "-c", KUBELET, path, str(seconds), *values])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def agent(node: Node, fields: str) -> Iterator[subprocess.Popen[bytes]]:  # noqa: F811
    process = node.started(node.configuration(RULES, fields))
    try:
        wait_until(node.has_told, "no step has ended")
        yield process
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_with_reconcile_a_fight_ends_after_five_rounds_and_the_value_is_theirs(node: Node) -> None:  # noqa: F811
    shares = node.tasks["batch"].file("cpu.shares")

    with agent(node, "  reconcile: each_iteration\n  restore_on_exit: managed"):
        with kubelet(str(shares), 0.01, "300"):
            wait_until(lambda: node.value("allocations_drift", type="cpu_shares") == 5, "the fight does not end")
            writes = node.value("allocations_writes", type="cpu_shares")
            time.sleep(1)
            later = node.value("allocations_writes", type="cpu_shares")
        left = shares.read_text()
        elsewhere = node.tasks["web"].file("cpu.shares").read_text()

    assert later == writes
    assert (left, shares.read_text()) == ("300\n", "300\n")
    assert (elsewhere, node.tasks["web"].file("cpu.shares").read_text()) == ("2000\n", "1024\n")


def test_without_reconcile_an_allocator_that_repeats_itself_goes_on_and_nothing_of_the_others_is_lost(
    node: Node,  # noqa: F811
) -> None:
    shares = node.tasks["batch"].file("cpu.shares")

    with agent(node, "  restore_on_exit: managed"):
        with kubelet(str(shares), 0.02, "300", "301"):
            wait_until(lambda: (node.value("allocations_writes", type="cpu_shares") or 0) >= 20, "it does not go on")
        drift = node.value("allocations_drift", type="cpu_shares")
        wait_until(lambda: shares.read_text() == "2000\n", "it does not have its way in the end")

    assert drift == 0
    assert shares.read_text() in ("300\n", "301\n")  # what the other wrote last before us


def test_a_kubelet_that_changes_a_value_while_it_is_undone_costs_no_agent(node: Node) -> None:  # noqa: F811
    """The quota of v1 is two files: another's period in between makes ours another one, or is refused."""
    period = node.tasks["batch"].file("cpu.cfs_period_us")

    with agent(node, "  restore_on_exit: managed") as process:
        with kubelet(str(period), 0.003, "50000", "200000", "100000"):
            time.sleep(3)
        assert process.poll() is None
        steps = node.value("allocations_count") or 0
        wait_until(lambda: (node.value("allocations_count") or 0) > steps + 20, "no further steps")
        quota = node.tasks["batch"].file("cpu.cfs_quota_us").read_text(), period.read_text()

    assert int(quota[0]) / int(quota[1]) == pytest.approx(0.25 * node.cpus, abs=0.05 * node.cpus)
