"""`rdt_enabled` on a runner, as in files of many years."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError

TREE = "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [a]}\n"


def plugins(folder: Path, text: str) -> list[Rdt]:
    file = folder / "wca.yaml"
    file.write_text(text)
    plan = configured(Request(file=str(file))).plan()
    assert plan is not None
    return [binding.plugin for binding in plan.bindings if isinstance(binding.plugin, Rdt)]


@pytest.mark.parametrize(
    ("line", "enabled"),
    [("", None), ("  rdt_enabled: ~\n", None), ("  rdt_enabled: true\n", True), ("  rdt_enabled: false\n", False)],
)
def test_the_key_of_a_runner_reaches_the_plugin_which_is_there_without_it_too(
    tmp_path: Path, line: str, enabled: bool | None
) -> None:
    (rdt,) = plugins(tmp_path, TREE + line)

    assert rdt.rdt_enabled is enabled


@pytest.mark.parametrize("value", ["1", "yes please", "[true]"])
def test_only_true_false_and_nothing_are_values(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="rdt_enabled"):
        plugins(tmp_path, f"{TREE}  rdt_enabled: {value}\n")


def test_in_the_short_form_it_is_there_if_it_is_named(tmp_path: Path) -> None:
    (rdt,) = plugins(tmp_path, "plugins: {static: {tasks: [a]}, rdt: {resctrl_per_domain: true}}\n")

    assert rdt.resctrl_per_domain
    assert plugins(tmp_path, "plugins: {static: {tasks: [a]}}\n") == []


@pytest.mark.parametrize("fields", ["resctrl_path: ../x", "resctrl_path: x", "resctrl_rotation_steps: -1"])
def test_values_that_cannot_be_are_refused(tmp_path: Path, fields: str) -> None:
    with pytest.raises(ConfigurationError, match=fields.partition(":")[0]):
        plugins(tmp_path, f"plugins: {{static: {{tasks: [a]}}, rdt: {{{fields}}}}}\n")
