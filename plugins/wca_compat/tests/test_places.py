"""Older components stand wherever a plugin can: tree form, short form, command line, other storages, packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from wca_compat.adapting import adapted_class
from wca_compat.signatures import DETECT

from plugins.wca_compat.tests.given import agent_of, allocating, detecting, knowing, lines
from wca_core.builtin.filter_storage import FilterStorage
from wca_core.configuration import Configured, Request, configured
from wca_core.errors import ConfigurationError, PluginError
from wca_core.outline import outline
from wca_core.plugin_api import hooks_of
from wca_core.registration import register
from wca_core.registry import ADAPTERS, COMPONENTS, PLUGINS, RUNNER_KEYS, Registry


def of_file(folder: Path, text: str) -> Configured:
    file = folder / "wca.yaml"
    file.write_text(text)
    return configured(Request(file=str(file)))


def hooks_by_name(asked: Configured) -> dict[str, frozenset[str]]:
    return {binding.name: binding.hooks for binding in asked.plan().bindings}


def test_the_short_form_names_an_older_detector_with_its_fields(tmp_path: Path) -> None:
    with knowing("second_detector:MemoryDetector"):
        asked = of_file(tmp_path, "plugins: {MemoryDetector: {limit: 5}, static: {tasks: [a]}}")

        assert hooks_by_name(asked)["MemoryDetector"] == {"detect"}


def test_an_older_allocator_brings_what_writes(tmp_path: Path) -> None:
    with knowing("first_allocator:HalfAllocator"):
        asked = of_file(tmp_path, "plugins: {HalfAllocator: {}, static: {tasks: [a]}}")

        assert {"HalfAllocator", "cgroup-control"} <= hooks_by_name(asked).keys()


def test_the_command_line_names_an_older_detector_and_sets_its_fields() -> None:
    with knowing("first_detector:InstructionsDetector"):
        request = Request(plugins=("InstructionsDetector",), overrides=("InstructionsDetector.threshold=2.5",))

        asked = configured(request)

        (binding,) = [one for one in asked.plan().bindings if one.name == "InstructionsDetector"]
        assert getattr(binding.plugin, "component").threshold == 2.5  # noqa: B009


def test_an_older_detector_beside_a_file_of_the_tree_form(tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text("runner: !MeasurementRunner {node: !StaticNode {tasks: []}}\n")
    with knowing("plain_detector:PlainDetector"):
        asked = configured(Request(file=str(file), plugins=("PlainDetector",)))

        assert hooks_by_name(asked)["PlainDetector"] == {"detect"}


def test_an_older_storage_within_a_filter_is_given_its_metrics(tmp_path: Path) -> None:
    storage = "!FilterStorage {filter: [mixed_good], storages: [!KeptStorage {}]}"
    text = detecting("!MixedDetector").replace(
        "!LogStorage {output_filename: FOLDER/anomalies, overwrite: true}", storage
    )
    with knowing("mixed_metrics:MixedDetector", "kept_storage:KeptStorage"):
        with agent_of(tmp_path, text) as (agent, _):
            agent.step()
        import kept_storage  # type: ignore[import-not-found]

        assert [(metric.name, metric.value) for metric in kept_storage.STORED] == [("mixed_good", 7)]


def test_a_filter_holds_the_adapted_storage(tmp_path: Path) -> None:
    with knowing("kept_storage:KeptStorage"):
        asked = of_file(
            tmp_path,
            "runner: !MeasurementRunner\n  node: !StaticNode {tasks: []}\n"
            "  metrics_storage: !FilterStorage {storages: [!KeptStorage {}]}\n",
        )
        (outer,) = [one.plugin for one in asked.plan().bindings if isinstance(one.plugin, FilterStorage)]

        assert [hooks_of(type(inner)) >= {"store"} for inner in outer.storages] == [True]


def test_a_class_of_those_years_may_be_published_as_it_is() -> None:
    groups = (ADAPTERS, PLUGINS, COMPONENTS, RUNNER_KEYS)
    installed = [point for group in groups for point in entry_points(group=group)]
    own = EntryPoint("acme-memory", "second_detector:MemoryDetector", PLUGINS)
    with knowing():
        asked = configured(Request(plugins=("acme-memory",)), Registry([*installed, own]))

        assert hooks_by_name(asked)["acme-memory"] == {"detect"}


def test_what_is_configured_is_shown_with_the_fields_of_the_component(tmp_path: Path) -> None:
    with knowing("second_detector:MemoryDetector"):
        shown = outline(of_file(tmp_path, "plugins: {MemoryDetector: {limit: 5}, static: {tasks: [a]}}"))

    assert "limit: 5" in shown
    assert "component" not in shown
    assert "detect             MemoryDetector" in shown


def test_a_detector_may_have_other_methods_with_the_names_of_those_years(tmp_path: Path) -> None:
    with (
        knowing("helpers:StoringDetector"),
        agent_of(tmp_path, detecting("!StoringDetector")) as (agent, _),
    ):
        agent.step()

    assert lines(tmp_path, "anomalies", "kept") == {'host="test-host"': 5}


@pytest.mark.parametrize(
    ("name", "hooks"),
    [
        ("StoringDetector", {"detect"}),
        ("PlainStoringDetector", {"detect"}),
        ("Both", {"detect", "allocate", "store"}),
    ],
)
def test_the_roles_of_a_class_are_those_it_is_derived_for_or_looks_like(name: str, hooks: set[str]) -> None:
    with knowing(f"helpers:{name}"):
        adapted = adapted_class(Registry().load(name))

    assert adapted is not None
    assert {"detect", "allocate", "store"} & hooks_of(adapted) == hooks


def test_a_class_with_several_roles_is_one_plugin_with_all(tmp_path: Path) -> None:
    with knowing("helpers:Both"), agent_of(tmp_path, allocating("!Both")) as (agent, _):
        agent.step()
        errors = agent.host.statistics.plugin("Both").errors

    assert not errors


def test_a_class_that_found_another_package_of_the_name_is_refused_with_its_place() -> None:
    parent = type("AnomalyDetector", (), {"__module__": "wca.detectors", "detect": lambda *arguments: ([], [])})
    stranger = type("Stranger", (parent,), {})

    with pytest.raises(PluginError, match=r"Stranger is derived from wca\.detectors\.AnomalyDetector of .*PYTHONPATH"):
        Registry().as_plugin(stranger())


@pytest.mark.parametrize("component", ["Three", "KeywordOnly"])
def test_the_short_form_refuses_another_form_of_detect_at_its_place(tmp_path: Path, component: str) -> None:
    with knowing(f"rude:{component}"), pytest.raises(ConfigurationError) as caught:
        of_file(tmp_path, f"plugins:\n  static: {{tasks: [a]}}\n  {component}: {{}}\n")

    assert "wca.yaml:3" in str(caught.value)
    assert all(form in str(caught.value) for form in DETECT.values())


def test_a_stranger_in_the_short_form_is_one_error_among_others(tmp_path: Path) -> None:
    parent = type("AnomalyDetector", (), {"__module__": "wca.detectors", "detect": lambda *arguments: ([], [])})
    stranger = type("Stranger", (parent,), {})
    text = "plugins:\n  Stranger: {}\n  static: {tusks: [a]}\n"

    with knowing():
        register(stranger)
        with pytest.raises(ConfigurationError) as caught:
            of_file(tmp_path, text)

    assert "Stranger is derived from" in str(caught.value)
    assert "tusks" in str(caught.value)
