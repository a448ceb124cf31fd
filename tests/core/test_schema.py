"""The JSON Schema of configurations: right ones fit, wrong ones do not, as an editor sees them."""

import enum
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from wca_core.config import field_types
from wca_core.config.checking import checked
from wca_core.config.field_types import Between, FieldCheck, IsPath, Node, Storage
from wca_core.config.misfit import MisfitsError
from wca_core.config.schema import SPECIAL, Values
from wca_core.config.signature import parameters_of
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registration import register, register_named, registered
from wca_core.registry import Registry
from wca_core.schema import configuration_schema

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = sorted(path for path in (ROOT / "docs").rglob("*.yaml") if path.name != "site_labels.yaml")
"""Without the part that another one includes."""

NODE = "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [a]}\n"
DETECTION = "runner: !DetectionRunner\n  measurement_runner: !MeasurementRunner {node: !LocalNode }\n  detector: !"


class Editor(yaml.SafeLoader):
    """Reads a file as an editor does: tags mean nothing, and an included file is its path."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if all(value.tag != "!File" for _, value in node.value):
            super().flatten_mapping(node)

    def untagged(self, _: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        return self.construct_scalar(node)


Editor.add_multi_constructor("!", Editor.untagged)
Editor.add_constructor("tag:yaml.org,2002:merge", Editor.construct_scalar)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    before = dict(registered)
    yield
    registered.clear()
    registered.update(before)


@cache
def installed() -> dict[str, object]:
    """The schema of what is installed, with nothing registered."""
    return configuration_schema()


def misfits(text: str, schema: dict[str, object] | None = None) -> list[str]:
    content = yaml.load(text, Editor)
    return [error.message for error in Draft202012Validator(schema or installed()).iter_errors(content)]


def component(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return schema["$defs"][name]


def references(part: object) -> set[str]:
    """The names of all that a part of a schema refers to."""
    return set(re.findall(r'"#/\$defs/([^"/]+)', json.dumps(part)))


@cache
def validator_of(hint: object) -> Draft202012Validator:
    values = Values(lambda _: [])
    return Draft202012Validator({**values.schema_of(hint, "here"), "$defs": {**values.definitions, **SPECIAL}})


def takes(hint: object, value: object) -> bool:
    return bool(validator_of(hint).is_valid(value))


def installed_and(*points: EntryPoint) -> Registry:
    installed = [point for group in ("wca.plugins", "wca.components") for point in entry_points(group=group)]
    return Registry([*installed, *points])


class Colour(enum.Enum):
    RED = "red"
    DARK_RED = "dark-red"


@plugin(api=1)
class Probe:
    """Looks
    at things.

    Not told to the editor.
    """

    def __init__(self, sched: Annotated[int, Between(1, 5)] = 2, node_id: str = None) -> None:  # type: ignore[assignment]  # noqa: RUF013
        """The fields are those of the constructor."""

    @hookimpl
    def store(self) -> None:
        """Nothing."""


class Unreadable:
    def __init__(self, strange: "Nowhere", number: int = 3) -> None:  # type: ignore[name-defined]  # noqa: F821
        """An annotation that means nothing."""


# -- as a whole ---------------------------------------------------------------------------------


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(configuration_schema())


def test_every_reference_leads_somewhere() -> None:
    schema: dict[str, Any] = configuration_schema()

    assert references(schema) - schema["$defs"].keys() == set()


def test_it_is_the_same_in_every_process() -> None:
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "check", "--schema"]

    texts = {
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2", "3")
    }

    assert len(texts) == 1


def test_every_tag_is_listed_for_editors_with_its_kinds_of_nodes() -> None:
    register(Colour)

    tags: Any = configuration_schema()["x-yaml-tags"]

    assert [tag for tag in tags if tag.startswith(("!StaticNode", "!static "))] == [
        "!StaticNode mapping",
        "!static mapping",
    ]
    assert {"!LogStorage scalar", "!log mapping", "!Colour scalar", "!Env mapping", "!File scalar"} <= set(tags)
    assert "!Colour mapping" not in tags


# -- right and wrong configurations -------------------------------------------------------------


@pytest.mark.parametrize(
    "text", re.findall(r"^(?<!wrong.yaml -->\n)```yaml\n(.*?)```", README, re.DOTALL | re.MULTILINE)
)
def test_the_configuration_of_the_readme_fits(text: str) -> None:
    assert misfits(text) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_fits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text()
    if path.parent.name == "external_detector":
        monkeypatch.syspath_prepend(str(path.parent))
        register_named("example_detector:ExampleDetector")

    assert misfits(text, configuration_schema()) == []


@pytest.mark.parametrize(
    "text",
    [
        NODE,
        NODE + "  interval: null\n",
        NODE + "  interval: !Env INTERVAL\n",
        NODE + "  interval: !Env {name: INTERVAL, default: 5}\n",
        NODE + "  metrics_storage: &s !log\n  plugins: [*s, !cgroup {}, !CgroupMetrics {metrics: [task_up]}]\n",
        NODE + "  extra_labels: {<<: !File labels.yaml, rack: r7}\n",
        NODE + "  task_label_generators: {app: !TaskLabelRegexGenerator {pattern: a, repl: b}}\n",
        NODE
        + "  allocation_configuration: !AllocationConfiguration {cpu_quota_period: 100000, default_rdt_l3: null}\n",
        NODE + "  vmstat: true\n  event_names: []\n  rdt_enabled: null\n",
        NODE + "loggers: {wca: debug, '': ERROR}\n",
        "runner: !MeasurementRunner {node: !File node.yaml}\n",
        "runner: !File runner.yaml\n",
        "agent: {interval: 5}\n",
        "agent:\nplugins: {static: {tasks: [a]}, log: , LogStorage: {overwrite: false}}\n",
        DETECTION + "NOPAnomalyDetector\n",
    ],
)
def test_a_right_configuration_fits(text: str) -> None:
    assert misfits(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "{}",
        "loggers: {wca: info}",
        "runner: 5",
        "runner: !StaticNode {tasks: []}",
        "runer: !MeasurementRunner {node: !LocalNode }",
        NODE + "agent: {interval: 1}\n",
        NODE + "plugins: {}\n",
        NODE + "loggers: {wca: loud}\n",
        NODE + "loggers: [wca]\n",
        NODE + "  intervall: 1\n",
        NODE + "  interval: 99\n",
        NODE + "  interval: -1\n",
        NODE + "  interval: fast\n",
        NODE + "  interval: true\n",
        NODE + "  extra_labels: {__rack: r7}\n",
        NODE + "  extra_labels: {rack: [r7]}\n",
        NODE + f"  extra_labels: {{rack: {'x' * 401}}}\n",
        NODE + "  metrics_storage: !LogStorage {output_filename: ''}\n",
        NODE + "  metrics_storage: !LogStorage {overwrite: 1}\n",
        NODE + "  metrics_storage: {}\n  plugins: !CgroupMetrics\n",
        NODE + "  plugins: null\n",
        NODE + "  allocation_configuration: !AllocationConfiguration {cpu_quota_period: 1}\n",
        NODE + "  task_label_generators: {a: !TaskLabelRegexGenerator {pattern: a}}\n",
        NODE + "  gather_hw_mm_topology: true\n",
        "runner: !MeasurementRunner\n  interval: 1\n",
        "runner: !DetectionRunner\n  measurement_runner: !MeasurementRunner\n",
        "runner: !MeasurementRunner\n  node: !StaticNode {tasks: a}\n",
        "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [1]}\n",
        "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [a], require_pids: 1}\n",
        "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [a], directry: a}\n",
        "runner: !MeasurementRunner\n  node: !LogStorage {overwrite: false}\n",
        DETECTION + "StaticNode {tasks: []}\n",
        "plugins: {statik: {tasks: [a]}}\n",
        "plugins: {static: }\n",
        "plugins: {static: [a]}\n",
        "plugins: {MeasurementRunner: {node: !LocalNode }}\n",
        "agent: {node: !LocalNode }\n",
    ],
)
def test_a_wrong_configuration_does_not_fit_and_the_agent_refuses_it_too(text: str, tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text(text)

    assert misfits(text)
    with pytest.raises(ConfigurationError):
        configured(Request(file=str(file)))


# -- values -------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["a", "/etc/passwd", "L3:0=f"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["rack", "_a1"]), inner),
    max_leaves=5,
)

ADDRESS = st.from_regex(r"([a-z0-9.]+|\[[0-9a-f:]+\]):[0-9]{1,5}", fullmatch=True)

HINTS = {
    field_types.Str: st.text(),
    field_types.Path: st.text(),
    field_types.ReadablePath: st.sampled_from(["/", "/etc/passwd", "/proc/self/exe"]),
    field_types.Url: st.builds("{}://{}{}".format, st.sampled_from(["http", "HTTPS"]), ADDRESS, st.text()),
    field_types.IpPort: ADDRESS,
    field_types.Regexp: st.text(),
    field_types.LabelName: st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True),
    Annotated[float, Between(0, 60)]: st.floats(-1, 61),
    Annotated[int | float, Between(lowest=1000)]: st.integers(),
    Annotated[str, IsPath(absolute=True)]: st.from_regex(r"/[a-z./]*"),
    bool | list[str] | None: st.booleans(),
}


@pytest.mark.parametrize("hint", HINTS, ids=range(len(HINTS)))
@given(data=st.data())
def test_a_value_that_the_check_accepts_fits(hint: object, data: st.DataObject) -> None:
    value = data.draw(HINTS[hint] | ANYTHING)

    with suppress(MisfitsError):
        checked(value, hint)
        assert takes(hint, value)


FIELDS = {
    f"{offer.class_name}.{name}": parameter.hint
    for offer in Registry().offers
    for name, parameter in parameters_of(Registry().load(offer.class_name)).items()
}


@settings(max_examples=500)
@given(field=st.sampled_from(sorted(FIELDS)), value=ANYTHING)
def test_a_value_that_a_component_accepts_fits_its_field(field: str, value: object) -> None:
    with suppress(MisfitsError):
        checked(value, FIELDS[field])
        assert takes(FIELDS[field], value)


@pytest.mark.parametrize(
    ("hint", "right", "wrong"),
    [
        (int, [1, "NUMBER"], [1.5, "1", None]),
        (float, [1, 1.5], ["1.5", True]),
        (bool, [True, "DEBUG"], [1, "true"]),
        (Colour, ["red", "dark-red", "COLOUR"], ["RED ", "DARK-RED", 1]),
        (list[Colour], [["red"], "colours.yaml"], [["green"], {}]),
        (dict[str, int], [{"a": 1}], [{"a": "b"}, []]),
        (dict[field_types.LabelName, str], [{"a": "b"}], [{"1": "b"}]),
        (Annotated[int, Between(highest=3)], [3, "N"], [4]),
        (field_types.IpPort, ["a:1", "BROKER", {"name": "broker"}], ["a", {"nam": "x"}]),
        (object, [1, None, {}, []], []),
        (Node, ["node.yaml"], [{}, "node"]),
    ],
)
def test_a_type_takes_what_it_should(hint: object, right: list[object], wrong: list[object]) -> None:
    assert [value for value in right if not takes(hint, value)] == []
    assert [value for value in wrong if takes(hint, value)] == []


def test_a_check_of_a_third_party_is_part_of_the_schema() -> None:
    class IsEven(FieldCheck):
        def json_schema(self) -> dict[str, object]:
            return {"multipleOf": 2}

    assert [number for number in range(5) if takes(Annotated[int, IsEven()], number)] == [0, 2, 4]


# -- components ---------------------------------------------------------------------------------


def test_a_field_has_the_text_below_it_its_default_and_what_fits() -> None:
    runner = component(configuration_schema(), "MeasurementRunner")

    assert runner["description"] == "Measures and stores."
    assert runner["properties"]["interval"]["description"] == "Seconds from step to step; 0 or null: no pause."
    assert runner["properties"]["interval"]["default"] == 1.0
    assert runner["properties"]["plugins"]["default"] == []
    assert references(runner["properties"]["node"]) >= {"LocalNode", "StaticNode", "File"}
    assert runner["required"] == ["node"]


def test_a_registered_class_is_offered_where_it_fits() -> None:
    register(Probe)

    schema: dict[str, Any] = configuration_schema()

    assert component(schema, "Probe")["title"] == "!Probe"
    assert component(schema, "Probe")["description"] == "Looks at things."
    assert "Probe" in references(component(schema, "MeasurementRunner")["properties"]["metrics_storage"])
    assert "Probe" not in references(component(schema, "MeasurementRunner")["properties"]["node"])
    assert misfits("plugins: {Probe: {sched: 5, node_id: null}}", schema) == []
    assert misfits("plugins: {Probe: {sched: 6}}", schema) != []
    assert {"!Probe mapping", "!Probe scalar"} <= set(schema["x-yaml-tags"])


def test_a_class_that_takes_the_tag_of_another_leaves_it_its_other_name() -> None:
    register(type("StaticNode", (Probe,), {}))

    schema: dict[str, Any] = configuration_schema()

    assert "sched" in component(schema, "StaticNode")["properties"]
    assert "tasks" in component(schema, "static")["properties"]


def test_an_instance_of_a_class_with_that_class_as_parent_fits() -> None:
    class Account: ...

    class Holder:
        def __init__(self, account: Account) -> None: ...

    for cls in (Account, type("Special", (Account,), {}), Holder):
        register(cls)

    assert references(component(configuration_schema(), "Holder")["properties"]) == {"Account", "Special", "File"}


def test_a_registered_enum_takes_its_values() -> None:
    register(Colour)

    assert component(configuration_schema(), "Colour")["enum"] == ["red", "dark-red"]


def test_a_class_that_takes_any_field_takes_them_in_the_schema() -> None:
    class Loose:
        def __init__(self, **others: int) -> None: ...

    register(Loose)
    loose = {**component(configuration_schema(), "Loose"), "$defs": SPECIAL}

    assert Draft202012Validator(loose).is_valid({"whatever": 3})
    assert not Draft202012Validator(loose).is_valid({"whatever": "three"})


def test_a_class_without_source_has_no_descriptions() -> None:
    names: dict[str, Any] = {"__name__": "nowhere"}
    exec('class Typed:\n    number: int\n    """A number."""\n    def __init__(self, number: int): ...', names)
    register(names["Typed"])

    assert "description" not in component(configuration_schema(), "Typed")["properties"]["number"]


# -- keys of runners ----------------------------------------------------------------------------


def test_a_key_of_a_runner_is_a_field_of_the_plugin_that_claims_it() -> None:
    probe = EntryPoint("probe", f"{__name__}:Probe", "wca.plugins")
    claim = EntryPoint("sched", f"{__name__}:Probe", "wca.runner_keys")

    schema = configuration_schema(installed_and(probe, claim))

    assert misfits(NODE + "  sched: 5\n", schema) == []
    assert misfits(NODE + "  sched: 6\n", schema) != []


def test_a_claimed_key_that_the_plugin_does_not_have_stays_as_if_unclaimed() -> None:
    probe = EntryPoint("probe", f"{__name__}:Probe", "wca.plugins")
    claims = [EntryPoint(key, f"{__name__}:Probe", "wca.runner_keys") for key in ("vmstat", "other")]

    schema = configuration_schema(installed_and(probe, *claims))

    assert misfits(NODE + "  vmstat: true\n", schema) == []
    assert misfits(NODE + "  other: 1\n", schema) != []


def test_a_claim_of_what_is_not_installed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    claim = EntryPoint("sched", f"{__name__}:Missing", "wca.runner_keys")

    assert misfits(NODE, configuration_schema(installed_and(claim))) == []
    assert "keys of runners are left out: " in caplog.text


# -- what cannot be read ------------------------------------------------------------------------


def test_a_class_that_does_not_load_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    registry = installed_and(EntryPoint("broken", "acme_nowhere:Broken", "wca.plugins"))

    schema: dict[str, Any] = configuration_schema(registry)

    assert "Broken" not in schema["$defs"]
    assert "No module named 'acme_nowhere'" in caplog.text


def test_a_field_whose_type_cannot_be_read_may_be_anything_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    register(Unreadable)

    fields = component(configuration_schema(), "Unreadable")["properties"]

    assert fields["strange"] == {}
    assert fields["number"]["anyOf"][0] == {"type": "integer"}
    assert "field 'strange' of Unreadable may be anything: its annotation cannot be read: NameError" in caplog.text


def test_a_class_whose_fields_cannot_be_found_out_may_have_any_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Strange:
        __signature__ = "none"

    register(Strange)

    assert component(configuration_schema(), "Strange")["additionalProperties"] == {}
    assert "of Strange may be anything" in caplog.text


@pytest.mark.parametrize("hint", [Storage, Probe])
def test_nothing_fits_where_no_component_does_but_a_file_that_may_hold_one(hint: object) -> None:
    assert takes(hint, "part.yaml")
    assert not takes(hint, {})


# -- the command --------------------------------------------------------------------------------


def test_the_command_prints_the_schema_and_tells_the_rest_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "acme_own.py").write_text("class Own:\n    def __init__(self, thing: 'Nothing'): ...\n")
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "check", "--schema"]

    ran = subprocess.run(
        [*command, "-r", "acme_own:Own"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0
    assert "!Own mapping" in json.loads(ran.stdout)["x-yaml-tags"]
    assert "field 'thing' of Own may be anything" in ran.stderr


def test_the_commands_of_the_how_to_work_as_printed(tmp_path: Path) -> None:
    how_to = (ROOT / "docs" / "how-to" / "edit-with-completion.md").read_text()
    (configuration,) = re.findall(r"```yaml\n(.*?)```", how_to, re.DOTALL)
    commands = "".join(re.findall(r"```\n(wca .*?|mkdir .*?)```", how_to, re.DOTALL))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)

    assert misfits(configuration, json.loads((tmp_path / "wca.schema.json").read_text())) == []
    assert "!LocalNode scalar" in json.loads((tmp_path / ".vscode" / "settings.json").read_text())["yaml.customTags"]
