"""The plugin in a configuration: its fields, and the keys of runners that files written for the original have."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_rdt.perf.uncore.collector import Uncore

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.registry import Registry


def uncores(tmp_path: Path, keys: str) -> list[Uncore]:
    """Those of a runner with these keys."""
    path = tmp_path / "wca.yaml"
    path.write_text(f"runner: !MeasurementRunner\n  node: !StaticNode {{tasks: []}}\n{keys}")
    plan = configured(Request(file=str(path))).plan()
    return [binding.plugin for binding in plan.bindings if isinstance(binding.plugin, Uncore)]


def test_the_plugin_answers_to_the_key_of_the_runner(tmp_path: Path) -> None:
    assert Registry().runner_keys["uncore_event_names"].name == "uncore"

    (found,) = uncores(tmp_path, "  uncore_event_names: [platform_cas_count_reads]\n")

    assert found.uncore_event_names == ["platform_cas_count_reads"]
    assert not found.enable_derived_metrics


@pytest.mark.parametrize(
    "keys",
    [
        "  uncore_event_names: [platform_cas_count_reads]\n  enable_derived_metrics: true\n",
        "  enable_derived_metrics: true\n  uncore_event_names: [[platform_cas_count_reads]]\n",
        "  enable_derived_metrics: true\n  plugins: [!Uncore {uncore_event_names: [platform_cas_count_reads]}]\n",
    ],
)
def test_derived_metrics_of_the_runner_are_those_of_uncore_too(tmp_path: Path, keys: str) -> None:
    (found,) = uncores(tmp_path, keys)

    assert found.enable_derived_metrics
    assert found.describe_metrics()


def test_its_own_field_goes_before_the_key_of_the_runner(tmp_path: Path) -> None:
    own = "!Uncore {uncore_event_names: [platform_cas_count_reads], enable_derived_metrics: false}"

    (found,) = uncores(tmp_path, f"  enable_derived_metrics: true\n  plugins: [{own}]\n")

    assert not found.enable_derived_metrics


def test_derived_metrics_alone_do_not_bring_it(tmp_path: Path) -> None:
    assert uncores(tmp_path, "  enable_derived_metrics: true\n  event_names: [task_page_faults]\n") == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("[platform_cas_count_read]", "did you mean platform_cas_count_reads?"),
        ("['my/uncore_cha/config=1,umask=2/']", "'event' and 'umask' cannot stand beside it"),
        ("platform_cas_count_reads", "uncore_event_names"),
        ("[1]", "uncore_event_names"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(tmp_path: Path, value: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        uncores(tmp_path, f"  uncore_event_names: {value}\n")

    assert reason in str(refused.value)
    assert "wca.yaml:" in str(refused.value)
