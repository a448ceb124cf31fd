"""The fields of RDT control on a runner, as in files of many years, and in the short form."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.control.control import CONTROL_METRICS

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.testing import check_plugin

TREE = """
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {tasks: [a]}
    allocation_configuration: !AllocationConfiguration {default_rdt_l3: "L3:0=f"}
  allocator: !NOPAllocator {}
"""


def rdt_of(folder: Path, text: str) -> Rdt:
    file = folder / "wca.yaml"
    file.write_text(text)
    plan = configured(Request(file=str(file))).plan()
    assert plan is not None
    (found,) = [binding.plugin for binding in plan.bindings if isinstance(binding.plugin, Rdt)]
    return found


def test_the_keys_of_an_allocation_runner_reach_the_plugin(tmp_path: Path) -> None:
    keys = ("rdt_mb_control_required", "rdt_cache_control_required", "remove_all_resctrl_groups")

    found = rdt_of(tmp_path, TREE + "".join(f"  {key}: true\n" for key in keys))

    assert [getattr(found, key) for key in keys] == [True] * 3
    assert not rdt_of(tmp_path, TREE).remove_all_resctrl_groups


def test_in_the_short_form_they_are_fields_of_the_plugin(tmp_path: Path) -> None:
    fields = "rdt: {resctrl_group_prefix: wca., strict_groups: true, rdt_mb_control_required: true}"

    found = rdt_of(tmp_path, f"plugins: {{static: {{tasks: [a]}}, {fields}, nop-allocator: {{}}}}\n")

    assert (found.resctrl_group_prefix, found.strict_groups, found.rdt_mb_control_required) == ("wca.", True, True)


@pytest.mark.parametrize(
    "fields", ["strict_groups: 1", "resctrl_group_prefix: [a]", "remove_all_resctrl_groups: maybe"]
)
def test_values_that_cannot_be_are_refused(tmp_path: Path, fields: str) -> None:
    with pytest.raises(ConfigurationError, match=fields.partition(":")[0]):
        rdt_of(tmp_path, f"plugins: {{static: {{tasks: [a]}}, rdt: {{{fields}}}}}\n")


def test_the_metrics_of_control_are_described() -> None:
    described = {metric.name for metric in check_plugin(Rdt())}

    assert {metric.name for metric in CONTROL_METRICS} <= described
