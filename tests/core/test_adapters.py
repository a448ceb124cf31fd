"""Packages make plugins of components without hooks of ours, wherever such a component stands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from wca_core import Samples, hookimpl, plugin
from wca_core.adapters import Adapters
from wca_core.builtin.filter_storage import FilterStorage
from wca_core.configuration import Configured, Request, configured
from wca_core.dispatch import Binding
from wca_core.errors import ConfigurationError, PluginError
from wca_core.registration import register, register_named, registered
from wca_core.registry import ADAPTERS, COMPONENTS, PLUGINS, RUNNER_KEYS, Registry, load
from wca_core.runners import MeasurementRunner
from wca_core.schema import configuration_schema

HERE = Path(__file__).parent


class Foreign:
    """Stores in a way that the agent does not know."""

    def __init__(self, place: str = "here") -> None:
        self.place = place
        self.kept: list[float] = []

    def keep(self, values: list[float]) -> None:
        self.kept += values


class Stubborn(Foreign):
    """No plugin can be made of it."""


@plugin(api=1)
class Keeping:
    """What makes a plugin of the one above."""

    def __init__(self, component: Foreign) -> None:
        if isinstance(component, Stubborn):
            raise PluginError("Stubborn keeps nothing of ours; keep(values) expected")
        self.component = component

    @hookimpl
    def store(self, samples: Samples) -> None:
        self.component.keep([float(value) for value in samples.values])


def adapted(cls: type) -> type | None:
    return Keeping if issubclass(cls, Foreign) else None


def registry(*adapters: str, plugins: Iterable[EntryPoint] = ()) -> Registry:
    """All that is installed and these plugins, but of adapters only these."""
    groups = (PLUGINS, COMPONENTS, RUNNER_KEYS)
    ours = [point for group in groups for point in entry_points(group=group)]
    own = [EntryPoint(name, f"{__name__}:{name}", ADAPTERS) for name in adapters]
    return Registry([*ours, *own, *plugins])


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """The two classes are registered as by `-r`."""
    before = dict(registered)
    register(Foreign)
    register(Stubborn)
    yield
    registered.clear()
    registered.update(before)


def of_file(folder: Path, text: str, using: Registry) -> Configured:
    file = folder / "wca.yaml"
    file.write_text(text)
    return configured(Request(file=str(file)), using)


def tree(storage: str) -> str:
    return f"runner: !MeasurementRunner {{node: !StaticNode {{tasks: []}}, metrics_storage: {storage}}}\n"


def storages(asked: Configured) -> list[Binding]:
    return [binding for binding in asked.plan().bindings if "metrics" in binding.streams]


def refused(folder: Path, text: str, using: Registry) -> str:
    with pytest.raises(ConfigurationError) as caught:
        of_file(folder, text, using)
    return str(caught.value)


def test_a_foreign_storage_stands_in_a_role_of_the_tree_form(tmp_path: Path) -> None:
    (binding,) = storages(of_file(tmp_path, tree("!Foreign {place: there}"), registry("adapted")))

    assert isinstance(binding.plugin, Keeping)
    assert binding.plugin.component.place == "there"


def test_its_fields_are_checked_as_those_of_any_component(tmp_path: Path) -> None:
    told = refused(tmp_path, tree("!Foreign {place: 5}"), registry("adapted"))

    assert "place (of !Foreign): a text expected, found 5 (int)" in told


def test_a_foreign_storage_stands_within_another_one(tmp_path: Path) -> None:
    asked = of_file(tmp_path, tree("!FilterStorage {storages: [!Foreign {}]}"), registry("adapted"))

    (binding,) = storages(asked)

    assert isinstance(binding.plugin, FilterStorage)
    assert [type(one) for one in binding.plugin.storages] == [Keeping]


def test_a_foreign_storage_in_two_roles_is_one_plugin(tmp_path: Path) -> None:
    text = """
runner: !DetectionRunner
  measurement_runner: !MeasurementRunner {node: !StaticNode {tasks: []}, metrics_storage: &s !Foreign {}}
  detector: !NOPAnomalyDetector
  anomalies_storage: *s
"""
    (binding,) = storages(of_file(tmp_path, text, registry("adapted")))

    assert binding.streams == {"metrics", "anomalies"}


def test_a_foreign_storage_is_a_plugin_of_the_short_form(tmp_path: Path) -> None:
    asked = of_file(tmp_path, "plugins: {Foreign: {place: there}, static: {tasks: []}}", registry("adapted"))

    (binding,) = storages(asked)

    assert (type(binding.plugin), binding.name) == (Keeping, "Foreign")


def test_the_command_line_names_a_foreign_storage_and_sets_its_fields() -> None:
    request = Request(plugins=("Foreign",), overrides=("Foreign.place=there",))

    (binding,) = storages(configured(request, registry("adapted")))

    assert isinstance(binding.plugin, Keeping)
    assert binding.plugin.component.place == "there"


def test_a_published_class_needs_no_mark_if_somebody_adapts_it() -> None:
    own = EntryPoint("acme-foreign", f"{__name__}:Foreign", PLUGINS)
    found = registry("adapted", plugins=[own])

    (binding,) = storages(configured(Request(plugins=("acme-foreign",)), found))

    assert (type(binding.plugin), binding.name) == (Keeping, "acme-foreign")


def test_a_component_that_cannot_be_adapted_is_refused_at_its_place(tmp_path: Path) -> None:
    told = refused(tmp_path, tree("!Stubborn {}"), registry("adapted"))

    assert "wca.yaml:1" in told
    assert "metrics_storage: Stubborn keeps nothing of ours; keep(values) expected" in told
    short = refused(tmp_path, "plugins: {Stubborn: {}, static: {tasks: []}}", registry("adapted"))
    assert "Stubborn keeps nothing of ours" in short


def test_without_an_adapter_a_class_with_an_older_method_is_refused_with_both_ways_out(tmp_path: Path) -> None:
    class Older:
        def detect(self, platform: object, tasks_data: object) -> object: ...

    register(Older)
    text = """
runner: !DetectionRunner
  measurement_runner: !MeasurementRunner {node: !StaticNode {tasks: []}}
  detector: !Older
"""
    in_tree = refused(tmp_path, text, registry())
    in_short_form = refused(tmp_path, "plugins: {Older: {}, static: {tasks: []}}", registry())

    assert "@wca_core.hookimpl above its method detect" in in_tree
    assert "@wca_core.plugin(api=1) above the class" in in_short_form
    for told in (in_tree, in_short_form):
        assert "if it was written for the original WCA: pip install wca-compat" in told


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_module_that_imports_older_names_that_are_not_there_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    (tmp_path / "acme_older.py").write_text("import owca.nothing_of_that_name\n")
    information = tmp_path / "wca_compat-0.1.0.dist-info" / "METADATA"
    if is_installed:
        information.parent.mkdir()
        information.write_text("Metadata-Version: 2.1\nName: wca-compat\nVersion: 0.1.0\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setitem(sys.modules, "owca", None)
    told = r"not served by wca-compat.*" if is_installed else r"pip install wca-compat"

    with pytest.raises(ConfigurationError, match=rf"owca.*\({told}\)"):
        register_named("acme_older:Older")
    with pytest.raises(PluginError, match=rf"owca.*\({told}\)"):
        load(Registry([EntryPoint("acme", "acme_older:Older", PLUGINS)]).find("acme"))


def test_an_adapter_that_does_not_load_or_is_none_is_told_when_it_is_needed() -> None:
    unloadable, no_function = registry("missing"), registry("HERE")

    assert unloadable.as_plugin(Keeping(Foreign())) is not None
    with pytest.raises(PluginError, match="adapter 'missing' cannot be loaded"):
        unloadable.as_plugin(Foreign())
    with pytest.raises(PluginError, match="a function expected, found a"):
        no_function.as_plugin(Foreign())


def test_an_adapter_that_breaks_costs_a_message() -> None:
    class Broken:
        def __init__(self, component: object) -> None:
            raise ZeroDivisionError("oh")

    with pytest.raises(PluginError, match="Foreign cannot be made a plugin: ZeroDivisionError: oh"):
        Adapters([lambda cls: Broken]).as_plugin(Foreign())


def test_a_component_made_in_python_is_adapted_too() -> None:
    using = registry("adapted")
    storage = Foreign()
    runner = MeasurementRunner(node=using.load("static")(tasks=[]), metrics_storage=storage)

    (binding,) = [one for one in runner.plan(using).bindings if one.streams]

    assert binding.plugin is using.as_plugin(storage)


def test_an_adapter_that_raises_is_told() -> None:
    def broken(cls: type) -> type:
        raise ZeroDivisionError("oh")

    with pytest.raises(PluginError, match="Foreign cannot be adapted: ZeroDivisionError: oh"):
        Adapters([broken]).as_plugin(Foreign())


def test_the_schema_takes_what_can_be_adapted_where_a_plugin_is_wanted() -> None:
    with_adapter, without = (str(configuration_schema(registry(*names))["$defs"]) for names in (["adapted"], []))
    reference = "{'$ref': '#/$defs/Foreign'}"

    assert reference in with_adapter
    assert reference not in without
