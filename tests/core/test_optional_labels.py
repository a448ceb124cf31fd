"""`include_optional_labels`: what the machine is, on every sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.platforms import two_sockets
from wca_core import __version__
from wca_core.builtin.filter_storage import FilterStorage
from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.configuration import Request, configured
from wca_core.host import Host
from wca_core.registry import Registry
from wca_core.testing import Machine, make_task, run_step, running

LABELS = {
    "sockets": "2",
    "cores": "4",
    "cpus": "8",
    "cpu_model": "Intel(R) Xeon(R) Gold 6240Y CPU @ 2.60GHz: rev 7",
    "cpu_model_number": "85",
    "wca_version": __version__,
}
TEXT = ",".join(f'{name}="{value}"' for name, value in sorted({**LABELS, "host": "test-host"}.items()))


def written(folder: Path, host: Host, plugins: Sequence[object]) -> str:
    """What a storage in `folder` has after a step."""
    with running(host, plugins) as agent:
        agent.step()
    return (folder / "metrics").read_text()


def storage(folder: Path) -> LogStorage:
    return LogStorage(output_filename=f"{folder}/metrics", overwrite=True)


def configured_plugin(file: Path, runner: str) -> PlatformMetrics:
    """The platform plugin of a runner of a file."""
    file.write_text(f"runner: {runner}\n")
    plan = configured(Request(file=str(file))).plan()
    assert plan is not None
    [plugin] = [binding.plugin for binding in plan.bindings if isinstance(binding.plugin, PlatformMetrics)]
    return plugin


@pytest.mark.parametrize("is_first", [True, False], ids=["storage first", "storage last"])
def test_the_labels_are_on_every_sample_wherever_the_storage_stands(tmp_path: Path, is_first: bool) -> None:
    plugins = [storage(tmp_path), PlatformMetrics(include_optional_labels=True)]

    text = written(tmp_path, two_sockets(tmp_path).host(), plugins if is_first else plugins[::-1])

    assert f"platform_topology_cpus{{{TEXT}}} 8" in text
    assert f"wca_iterations{{{TEXT}}} 0" in text


def test_a_storage_within_another_one_has_them_too(tmp_path: Path) -> None:
    plugins = [FilterStorage(storages=[storage(tmp_path)]), PlatformMetrics(include_optional_labels=True)]

    assert TEXT in written(tmp_path, two_sockets(tmp_path).host(), plugins)


def test_without_the_option_only_wca_information_has_them(tmp_path: Path) -> None:
    text = written(tmp_path, two_sockets(tmp_path).host(), [storage(tmp_path), PlatformMetrics()])

    assert [line for line in text.splitlines() if "cpu_model=" in line] == [f"wca_information{{{TEXT}}} 1"]


def test_labels_that_the_user_gave_win(tmp_path: Path) -> None:
    host = two_sockets(tmp_path).host(extra_labels={"cpus": "many", "rack": "7"})

    text = written(tmp_path, host, [storage(tmp_path), PlatformMetrics(include_optional_labels=True)])

    [line] = [line for line in text.splitlines() if line.startswith("platform_topology_sockets{")]
    assert 'cpus="many"' in line
    assert 'rack="7"' in line
    assert 'cores="4"' in line


def test_a_level_of_a_metric_is_never_overridden(tmp_path: Path) -> None:
    host = two_sockets(tmp_path).host(extra_labels={"cpus": "many"})

    text = written(tmp_path, host, [storage(tmp_path), PlatformMetrics(include_optional_labels=True)])

    [line] = [line for line in text.splitlines() if line.startswith("wca_information{")]
    assert 'cpus="8"' in line


def test_the_machine_is_told_by_wca_information(tmp_path: Path) -> None:
    step = run_step(two_sockets(tmp_path), [], [make_task()])

    [sample] = step.samples("wca_information")
    assert (sample.labels, sample.value) == (LABELS, 1)


def test_wca_information_is_there_where_nothing_is_known_about_the_machine(tmp_path: Path) -> None:
    step = run_step(Machine(tmp_path), [])

    [sample] = step.samples("wca_information")
    assert sample.labels == {**dict.fromkeys(LABELS, "unknown"), "wca_version": __version__}
    assert step.value("wca_plugin_up", plugin="self") == 1


def test_the_documented_key_of_a_runner_is_a_field_of_the_platform_plugin(tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    measuring = "!MeasurementRunner {node: !LocalNode {}, include_optional_labels: true}"
    detecting = f"!DetectionRunner {{measurement_runner: {measuring}, detector: !NOPAnomalyDetector {{}}}}"

    assert Registry().runner_keys["include_optional_labels"].name == "platform"
    assert configured_plugin(file, measuring).include_optional_labels
    assert configured_plugin(file, detecting).include_optional_labels


def test_the_key_may_be_false(tmp_path: Path) -> None:
    runner = "!MeasurementRunner {node: !LocalNode {}, include_optional_labels: false}"

    assert not configured_plugin(tmp_path / "wca.yaml", runner).include_optional_labels
