"""What is refused in a configuration, and what the plugin says it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wca_mesos.node import MesosNode

from tests.hosts import namespaces
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.testing import Machine


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"principal": "wca"}, "principal and secret_path belong together"),
        ({"secret_path": "/dev/null"}, "principal and secret_path belong together"),
        ({"principal": "w:ca", "secret_path": "/dev/null"}, "without ':'"),
        ({"principal": "wca", "secret_path": "/dev/null", "token_path": "/t"}, "token_path: .*a principal too"),
        ({"label_selector": "a in b"}, "label_selector: a label selector such as"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(fields: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        MesosNode(**fields)


@pytest.mark.parametrize(
    ("url", "is_told"),
    [("http://mesos.example:5051", True), ("http://127.0.0.1:5051", False), ("https://mesos.example:5051", False)],
)
def test_a_secret_that_others_could_read_on_its_way_is_told(
    caplog: pytest.LogCaptureFixture, url: str, is_told: bool
) -> None:
    MesosNode(mesos_agent_endpoint=url, token_path="/run/token")

    assert bool(caplog.messages) is is_told


def test_it_needs_the_namespaces_of_the_host(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {}).file("/proc/1/stat", "")

    def lacks(host: Host) -> list[str]:
        return [need.need.split(" of ")[0] for need in MesosNode().requirements() if not need.is_met(host)]

    assert lacks(namespaces(machine).host()) == []
    assert lacks(namespaces(machine, "pid", "cgroup").host()) == ["the PID namespace", "the cgroup namespace"]
    assert all(need.cure_on(machine.host()) for need in MesosNode().requirements())
