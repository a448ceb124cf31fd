"""What the plugin needs of a machine is found there, or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_numa.needs import several_nodes

from tests import platforms
from wca_core.testing import Machine


@pytest.mark.parametrize(
    ("cpus", "with_memory", "found"),
    [
        ({0: "0-1", 1: "2-3"}, "0-1", 2),
        ({0: "0-3"}, "0", 1),
        ({0: "0-3", 1: ""}, "0-1", 1),
        ({0: "0-1", 1: "2-3"}, "0", 1),
    ],
    ids=["two nodes", "one node", "one of memory only", "one of CPUs only"],
)
def test_only_nodes_with_cpus_and_memory_count(
    tmp_path: Path, cpus: dict[int, str], with_memory: str, found: int
) -> None:
    machine = Machine(tmp_path).cpus({0: {0: [0], 1: [1]}, 1: {0: [2], 1: [3]}})
    platforms.nodes(machine, cpus, [[10] * len(cpus)] * len(cpus))
    machine.file("/sys/devices/system/node/has_memory", f"{with_memory}\n")
    need, host = several_nodes(), machine.host()

    assert need.is_met(host) == (found > 1)
    assert need.found is not None
    assert need.found(host) == f"{found} here"
