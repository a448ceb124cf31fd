"""Both forms of a configuration, from a command line and a file to what runs."""

from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wca_core import registration
from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.static_node import StaticNode
from wca_core.config.field_types import LONGEST
from wca_core.configuration import Configured, Request, configured
from wca_core.errors import ConfigurationError
from wca_core.outline import outline
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registry import Registry

TREE = "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [a]}\n"


@plugin(api=1)
class Probe:
    """A plugin that answers to keys of a runner."""

    def __init__(self, event_names: list[str] = (), rdt_mb_control_required: bool = False) -> None:  # type: ignore[assignment]
        self.event_names, self.rdt_mb_control_required = event_names, rdt_mb_control_required

    @hookimpl
    def collect_metrics(self) -> None:
        """Nothing."""


class OwnLoop:
    """A runner that is not made of plugins."""

    def run(self) -> int:
        return 7


def written(folder: Path, text: str) -> str:
    path = folder / "wca.yaml"
    path.write_text(text)
    return str(path)


def plan_of(asked: Configured) -> Plan:
    plan = asked.plan()
    assert plan is not None
    return plan


def names(asked: Configured) -> list[str]:
    return [binding.name for binding in plan_of(asked).bindings]


def errors(request: Request) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        configured(request)
    return str(caught.value).splitlines()


def with_keys(**claims: str) -> Registry:
    """What is installed, and the plugin `probe` with claims to keys of the runners."""
    installed = [point for group in ("wca.plugins", "wca.components") for point in entry_points(group=group)]
    probe = EntryPoint("probe", f"{__name__}:Probe", "wca.plugins")
    keys = [EntryPoint(key, value, "wca.runner_keys") for key, value in claims.items()]
    return Registry([*installed, probe, *keys])


def probe_of(asked: Configured) -> Probe:
    (found,) = [binding.plugin for binding in plan_of(asked).bindings if type(binding.plugin).__name__ == "Probe"]
    return found  # type: ignore[return-value]  # the class as the registry imported it


# -- the short form -----------------------------------------------------------------------------


def test_nothing_asked_for_measures_what_runs_here() -> None:
    assert names(configured(Request())) == ["cgroup", "self", "local", "log"]


def test_what_is_named_comes_first_and_is_not_filled_in() -> None:
    asked = configured(Request(plugins=("static", "log"), overrides=("static.tasks=[a]",)))

    assert names(asked) == ["static", "log", "cgroup", "self"]


def test_a_class_name_means_the_same_plugin() -> None:
    asked = configured(Request(plugins=("StaticNode", "CgroupMetrics"), overrides=("StaticNode.tasks=[a]",)))

    assert [type(binding.plugin).__name__ for binding in plan_of(asked).bindings].count("CgroupMetrics") == 1


def test_a_collector_can_be_left_out() -> None:
    assert names(configured(Request(without=("cgroup",)))) == ["self", "local", "log"]


def test_leaving_out_what_would_not_run_is_refused() -> None:
    assert errors(Request(without=("cgrup",))) == ["--without cgrup: it would not run; cgroup, self would, unasked"]


def test_a_file_of_the_short_form_is_the_same_as_options(tmp_path: Path) -> None:
    text = "agent: {interval: 5, extra_labels: {rack: r7}}\nplugins:\n  static: {tasks: [a]}\n  log:\n"

    asked = configured(Request(file=written(tmp_path, text)))

    assert names(asked) == ["static", "log", "cgroup", "self"]
    assert (plan_of(asked).interval, plan_of(asked).extra_labels) == (5.0, {"rack": "r7"})


def test_options_go_over_a_file_of_the_short_form(tmp_path: Path) -> None:
    file = written(tmp_path, "agent: {interval: 5}\nplugins: {static: {tasks: [a], require_pids: true}}\n")

    asked = configured(Request(file=file, plugins=("log",), overrides=("agent.interval=2", "static.tasks=[b]")))

    node = plan_of(asked).bindings[0].plugin
    assert isinstance(node, StaticNode)
    assert (node.tasks, node.require_pids, plan_of(asked).interval) == (["b"], True, 2.0)


def test_a_key_below_a_field_can_be_set() -> None:
    asked = configured(Request(overrides=("agent.extra_labels.rack=r7", "agent.extra_labels.row=3")))

    assert plan_of(asked).extra_labels == {"rack": "r7", "row": "3"}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("interval=5", "--set interval=5: PLUGIN.FIELD=VALUE expected"),
        ("agent.interval", "--set agent.interval: PLUGIN.FIELD=VALUE expected"),
        (
            "agent.interval=fast",
            "--set agent.interval: agent.interval (of agent): a number expected, found 'fast' (str)",
        ),
        ("agent.intervall=5", "--set agent.intervall: agent has no field 'intervall'; it has "),
        ("lg.x=1", "--set lg.x: no plugin 'lg' runs; there are agent, cgroup, self, local, log (--plugins NAME adds"),
        ("agent.interval.x=1", None),
        ("log.output_filename=[", "--set log.output_filename: while parsing"),
        ("agent.extra_labels=!File /etc/passwd", "--set agent.extra_labels: a file can be included by files only"),
    ],
)
def test_an_option_that_cannot_be_taken_is_told(override: str, told: str | None) -> None:
    (error,) = errors(Request(overrides=(override,)))

    assert error.startswith(told or "--set agent.interval.x: agent.interval (of agent): a number expected")


def test_a_plugin_that_lacks_a_field_is_told_with_the_option_to_give_it() -> None:
    assert errors(Request(plugins=("static",))) == ["--plugins static: static needs tasks (--set static.tasks=...)"]


def test_a_plugin_that_is_not_installed_is_told_with_its_package() -> None:
    (error,) = errors(Request(plugins=("numa",)))

    assert "it is part of the package wca-numa (pip install wca-numa)" in error


def test_a_component_is_no_plugin() -> None:
    (error,) = errors(Request(plugins=("MeasurementRunner",)))

    assert "'MeasurementRunner' is no plugin" in error


def test_all_unknown_plugins_are_told_with_their_places(tmp_path: Path) -> None:
    file = written(tmp_path, "plugins:\n  statik: {tasks: [a]}\n  lok:\n")

    assert [error.split(": ")[0] for error in errors(Request(file=file))] == [f"{file}:2:11", f"{file}:3:3"]


def test_fields_of_a_plugin_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "plugins:\n  static: [a]\n")

    assert errors(Request(file=file))[0] == f"{file}:2:11: static: its fields expected as a mapping"


# -- the tree form ------------------------------------------------------------------------------


def test_a_plugin_named_beside_a_file_is_added(tmp_path: Path) -> None:
    asked = configured(Request(file=written(tmp_path, TREE), plugins=("nop-detector",)))

    assert names(asked) == ["static", "cgroup", "self", "log", "nop-detector"]


def test_a_plugin_that_the_file_has_is_not_added_twice(tmp_path: Path) -> None:
    asked = configured(Request(file=written(tmp_path, TREE), plugins=("static",)))

    assert names(asked).count("static") == 1


def test_a_collector_can_be_configured_in_the_tree(tmp_path: Path) -> None:
    asked = configured(
        Request(file=written(tmp_path, TREE + "  plugins: [!CgroupMetrics {metrics: [task_cpu_usage_seconds]}]\n"))
    )

    assert names(asked).count("cgroup") == 1


def test_one_storage_in_three_roles_is_one_binding_with_their_streams(tmp_path: Path) -> None:
    text = (
        "runner: !AllocationRunner\n"
        "  measurement_runner: !MeasurementRunner\n"
        "    node: !StaticNode {tasks: []}\n"
        f"    metrics_storage: &s !LogStorage {{output_filename: {tmp_path}/out}}\n"
        "  allocator: !NOPAllocator\n"
        "  anomalies_storage: *s\n"
        "  allocations_storage: *s\n"
    )

    plan = plan_of(configured(Request(file=written(tmp_path, text))))

    (storage,) = [binding for binding in plan.bindings if isinstance(binding.plugin, LogStorage)]
    assert storage.streams == {"metrics", "anomalies", "allocations"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "a mapping with 'runner', or with 'agent' and 'plugins', expected"),
        ("5", "a mapping with 'runner'"),
        ("{}", "'runner' is missing"),
        ("loggers: {wca: info}", "'runner' is missing"),
        ("runner: 5", "runner: a runner expected, found int"),
        ("runner: !StaticNode {tasks: []}", "runner: a runner expected, found StaticNode"),
        ("runer: 5", "unknown key 'runer'; allowed: runner, agent, plugins, loggers (did you mean runner?)"),
        (TREE + "agent: {interval: 1}\n", "'agent' cannot stand beside 'runner'"),
        (TREE + "loggers: [a]\n", "loggers: its fields expected as a mapping"),
        (
            TREE + "loggers: {wca: loud}\n",
            "loggers.wca: log level 'loud': one of critical, error, warning, info, debug, trace expected",
        ),
        ("runner: !MeasurementRunner\n  node: !LogStorage\n", "a plugin with the hook discover_tasks expected"),
        ("runner: !DetectionRunner\n  detector: !NOPAnomalyDetector\n", "!DetectionRunner needs measurement_runner"),
        (TREE + "  extra_labels: {__a: b}\n", "as key a label name"),
        (TREE + f"  metrics_storage: !LogStorage {{output_filename: {'x' * (LONGEST + 1)}}}\n", "400 characters"),
    ],
)
def test_a_file_that_cannot_be_run_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in error for error in errors(Request(file=written(tmp_path, text))))


def test_leaving_out_belongs_to_the_short_form(tmp_path: Path) -> None:
    assert "--without belongs to the short form" in errors(Request(file=written(tmp_path, TREE), without=("self",)))[0]


def test_levels_of_loggers_are_taken_from_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, TREE + 'loggers: {wca.static: Debug, "": error}\n')

    assert configured(Request(file=file)).loggers == {"wca.static": "Debug", "": "error"}


def test_a_runner_with_a_loop_of_its_own_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "registered", registration.registered)
    registration.register(OwnLoop)

    asked = configured(Request(file=written(tmp_path, "runner: !OwnLoop\n")))

    assert (asked.plan(), asked.run()) == (None, 7)


# -- keys of runners that plugins answer to -----------------------------------------------------


def test_a_key_of_a_runner_becomes_a_field_of_the_plugin_that_claims_it(tmp_path: Path) -> None:
    file = written(tmp_path, TREE + "  event_names: [task_cycles]\n")

    asked = configured(Request(file=file), with_keys(event_names=f"{__name__}:Probe"))

    assert probe_of(asked).event_names == ["task_cycles"]


def test_a_wrong_value_of_such_a_key_is_told_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, TREE + "  event_names: 5\n")

    with pytest.raises(ConfigurationError, match=rf"{file}:3:16: .*event_names \(of !Probe\): a list expected"):
        configured(Request(file=file), with_keys(event_names=f"{__name__}:Probe"))


def test_a_key_of_an_allocation_runner_goes_to_the_same_plugin(tmp_path: Path) -> None:
    text = (
        "runner: !AllocationRunner\n"
        "  measurement_runner: !MeasurementRunner {node: !StaticNode {tasks: []}, event_names: [a]}\n"
        "  allocator: !NOPAllocator\n"
        "  rdt_mb_control_required: true\n"
    )
    registry = with_keys(event_names=f"{__name__}:Probe", rdt_mb_control_required=f"{__name__}:Probe")

    probe = probe_of(configured(Request(file=written(tmp_path, text)), registry))

    assert (probe.event_names, probe.rdt_mb_control_required) == (["a"], True)


@pytest.mark.parametrize(
    "line", ["event_names: []", "rdt_enabled: ~", "vmstat: true", "sched: false", "wss_stable_cycles: -3"]
)
def test_a_key_that_asks_for_nothing_needs_no_plugin(tmp_path: Path, line: str) -> None:
    assert names(configured(Request(file=written(tmp_path, f"{TREE}  {line}\n")))) == [
        "static",
        "cgroup",
        "self",
        "log",
    ]


@pytest.mark.parametrize(
    ("line", "package"),
    [("event_names: [a]", "wca-rdt"), ("rdt_enabled: true", "wca-rdt"), ("sched: nr_.*", "wca-core")],
)
def test_a_key_that_nobody_answers_to_is_told_with_its_package(tmp_path: Path, line: str, package: str) -> None:
    (error,) = errors(Request(file=written(tmp_path, f"{TREE}  {line}\n")))

    assert f"wca.yaml:3:3: {line.partition(':')[0]} is part of the package {package}" in error


# -- what would run, as text --------------------------------------------------------------------


def test_the_outline_has_all_fields_and_can_be_loaded_again(tmp_path: Path) -> None:
    text = TREE + f"  metrics_storage: &s !LogStorage {{output_filename: {tmp_path}/out}}\n  extra_labels: {{a: '1'}}\n"
    first = outline(configured(Request(file=written(tmp_path, text))))

    assert "require_pids: false" in first
    assert outline(configured(Request(file=written(tmp_path, first)))) == first


def test_the_outline_of_the_short_form_can_be_loaded_again(tmp_path: Path) -> None:
    first = outline(configured(Request(plugins=("static",), overrides=("static.tasks=[a, 'true']",))))

    assert outline(configured(Request(file=written(tmp_path, first)))) == first


def test_the_outline_masks_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_TEST", "hunter2")
    text = TREE + "  extra_labels: {a: !Env WCA_TEST, api_token: hunter3}\n"

    told = outline(configured(Request(file=written(tmp_path, text))))

    assert "hunter" not in told
    assert told.count("***") == 2


def test_the_outline_says_who_is_called_for_what() -> None:
    lines = outline(configured(Request())).splitlines()

    assert "#   collect_metrics    cgroup, self" in lines
    assert "#   store metrics      log" in lines


WORDS = st.sampled_from(
    [
        *("runner", "agent", "plugins", "loggers", "!MeasurementRunner", "!StaticNode", "!LogStorage", "!Env", "!File"),
        *(
            "node",
            "tasks",
            "interval",
            "&a",
            "*a",
            "<<",
            "{",
            "}",
            "[",
            "]",
            ":",
            ": ",
            ",",
            "- ",
            "1",
            ".nan",
            "~",
            "x",
        ),
        *("\n", "\n  "),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(text=st.lists(WORDS, max_size=25).map("".join) | st.text())
def test_no_text_at_all_raises_anything_but_a_configuration_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "wca.yaml").write_bytes(text.encode(errors="surrogatepass"))

    with suppress(ConfigurationError):
        assert outline(configured(Request(file=str(tmp_path / "wca.yaml"))))
