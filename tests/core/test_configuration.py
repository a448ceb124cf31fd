"""Both forms of a configuration, from a command line and a file to what runs."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis import target as hypothesis_target

from wca_core.builtin.log_storage import LogStorage
from wca_core.builtin.static_node import StaticNode
from wca_core.config.dump import text_of
from wca_core.config.field_types import LONGEST
from wca_core.config.loader import load_text
from wca_core.config.tree import Mapping, Place, Scalar, Sequence
from wca_core.configuration import Configured, Request, configured
from wca_core.errors import ConfigurationError, PluginError, WcaError
from wca_core.outline import outline
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registration import Registration, registered
from wca_core.registry import Registry
from wca_core.runners import COLLECTORS

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


def all_names(asked: Configured) -> list[str]:
    return [binding.name for binding in plan_of(asked).bindings]


def names(asked: Configured) -> list[str]:
    """Without the collectors that are always there."""
    return [name for name in all_names(asked) if name not in COLLECTORS]


def errors(request: Request, registry: Registry | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        configured(request, registry)
    return str(caught.value).splitlines()


def core_alone() -> Registry:
    """What is installed where no other package is."""
    groups = ("wca.plugins", "wca.components", "wca.runner_keys")
    installed = [point for group in groups for point in entry_points(group=group)]
    return Registry([point for point in installed if point.dist is not None and point.dist.name == "wca-core"])


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
    assert names(configured(Request())) == ["prometheus", "live", "local"]


def test_what_is_named_comes_first_and_is_not_filled_in() -> None:
    asked = configured(Request(plugins=("static", "log"), overrides=("static.tasks=[a]",)))

    assert names(asked) == ["static", "log"]


def test_a_class_name_means_the_same_plugin() -> None:
    asked = configured(Request(plugins=("StaticNode", "CgroupMetrics"), overrides=("StaticNode.tasks=[a]",)))

    assert [type(binding.plugin).__name__ for binding in plan_of(asked).bindings].count("CgroupMetrics") == 1


def test_a_collector_can_be_left_out() -> None:
    assert "cgroup" not in all_names(configured(Request(without=("cgroup",))))


def test_leaving_out_what_would_not_run_is_refused() -> None:
    (error,) = errors(Request(without=("cgrup",)))

    assert error.startswith("--without cgrup: it would not run; cgroup, ")


def test_a_file_of_the_short_form_is_the_same_as_options(tmp_path: Path) -> None:
    text = "agent: {interval: 5, extra_labels: {rack: r7}}\nplugins:\n  static: {tasks: [a]}\n  log:\n"

    asked = configured(Request(file=written(tmp_path, text)))

    assert names(asked) == ["static", "log"]
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
        ("lg.x=1", "--set lg.x: no plugin 'lg' to set; here agent, cgroup, "),
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
    (error,) = errors(Request(plugins=("ContentionDetector",)))

    assert "it is part of the package wca-contention (pip install wca-contention)" in error


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
    asked = configured(Request(file=written(tmp_path, TREE), plugins=("nop-detector",)), core_alone())

    assert names(asked) == ["static", "log", "nop-detector"]


def test_a_plugin_that_the_file_has_is_not_added_twice(tmp_path: Path) -> None:
    asked = configured(Request(file=written(tmp_path, TREE), plugins=("static",)))

    assert names(asked).count("static") == 1


def test_a_collector_can_be_configured_in_the_tree(tmp_path: Path) -> None:
    asked = configured(
        Request(file=written(tmp_path, TREE + "  plugins: [!CgroupMetrics {metrics: [task_cpu_usage_seconds]}]\n"))
    )

    assert all_names(asked).count("cgroup") == 1


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
    monkeypatch.setitem(registered, "OwnLoop", Registration(OwnLoop))

    asked = configured(Request(file=written(tmp_path, "runner: !OwnLoop\n")))

    assert (asked.has_plan, asked.run()) == (False, 7)


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
    "line", ["event_names: []", "rdt_enabled: ~", "perf_aggregate_cpus: false", "gather_hw_mm_topology: ~"]
)
def test_a_key_that_asks_for_nothing_needs_no_plugin(tmp_path: Path, line: str) -> None:
    asked = configured(Request(file=written(tmp_path, f"{TREE}  {line}\n")), core_alone())

    assert names(asked) == ["static", "log"]


@pytest.mark.parametrize(
    ("line", "package"),
    [("event_names: [a]", "wca-rdt"), ("rdt_enabled: true", "wca-rdt"), ("gather_hw_mm_topology: true", "wca-core")],
)
def test_a_key_that_nobody_answers_to_is_told_with_its_package(tmp_path: Path, line: str, package: str) -> None:
    (error,) = errors(Request(file=written(tmp_path, f"{TREE}  {line}\n")), core_alone())

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

    assert any(line.startswith("#   collect_metrics    cgroup, ") for line in lines)
    assert "#   store metrics      prometheus, live" in lines


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none())
def test_every_value_is_written_so_that_it_is_read_again(value: str | float | bool | None) -> None:
    if isinstance(value, str):
        assume(all(character.isprintable() for character in value))
    text = text_of(Mapping(Place(""), None, {"a": Scalar(Place(""), None, value)}))

    tree = load_text(text, "wca.yaml")

    assert isinstance(tree, Mapping)
    (read,) = tree.entries.values()
    assert isinstance(read, Scalar)
    assert repr(read.value) == repr(value)


# -- nothing at all -----------------------------------------------------------------------------

TAGS = st.sampled_from(
    (
        *("MeasurementRunner", "DetectionRunner", "AllocationRunner", "StaticNode", "LocalNode", "LogStorage", "log"),
        *("FilterStorage", "NOPAnomalyDetector", "NOPAllocator", "AllocationConfiguration", "Env", "Nothing"),
        *("TaskLabelRegexGenerator", "TaskLabelResourceGenerator"),
    )
)
KEYS = st.sampled_from(
    (
        *("node", "measurement_runner", "detector", "allocator", "metrics_storage", "anomalies_storage", "interval"),
        *(
            "extra_labels",
            "tasks",
            "directory",
            "output_filename",
            "overwrite",
            "storages",
            "filter",
            "name",
            "default",
        ),
        *("event_names", "vmstat", "action_delay", "config", "timeout", "pattern", "repl", "task_label_generators"),
        "plugins",
    )
)
WORDS = st.sampled_from([None, True, 0, 1, -1, 61, 1.5, float("nan"), "a", "/tmp/x", "WCA_TEST", "yes", "(", "\\1"])
SCALARS = st.builds(Scalar, st.just(Place("")), st.none() | TAGS, WORDS)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(Sequence, st.just(Place("")), st.none(), st.lists(inner, max_size=3))
        | st.builds(Mapping, st.just(Place("")), TAGS | st.none(), st.dictionaries(KEYS, inner, max_size=5))
    ),
    max_leaves=12,
)
RUNNERS = st.builds(
    Mapping,
    st.just(Place("")),
    st.sampled_from(["MeasurementRunner", "DetectionRunner"]),
    st.dictionaries(KEYS, TREES, max_size=6),
)
RIGHT = load_text(TREE, "wca.yaml").entries["runner"]  # type: ignore[union-attr]
DOCUMENTS = st.builds(
    Mapping,
    st.just(Place("")),
    st.none(),
    st.fixed_dictionaries({"runner": RUNNERS | st.just(RIGHT)}, optional={"loggers": TREES, "agent": TREES})
    | st.fixed_dictionaries({"plugins": TREES}, optional={"agent": TREES}),
)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=300, deadline=None)


def said_of(folder: Path, text: str) -> str:
    """What `wca check` would print, or the error."""
    (folder / "wca.yaml").write_bytes(text.encode(errors="surrogatepass"))
    try:
        return outline(configured(Request(file=str(folder / "wca.yaml"))))
    except WcaError as error:
        return f"refused: {error}"


@SLOW
@given(document=DOCUMENTS)
def test_no_tree_at_all_raises_anything_but_the_one_error_family(tmp_path: Path, document: Mapping) -> None:
    text = text_of(document)
    said = said_of(tmp_path, text)
    target("# In each step:" in said)  # look where components are made, too

    assert said


def target(reached: bool) -> None:
    hypothesis_target(float(reached))


@SLOW
@given(text=st.text() | st.lists(st.sampled_from(list("abr:&*<>![]{}#,|%@-'\"\n ")), max_size=40).map("".join))
def test_no_text_at_all_raises_anything_but_the_one_error_family(tmp_path: Path, text: str) -> None:
    assert said_of(tmp_path, text)


# -- what a critical reader found ---------------------------------------------------------------


def test_what_the_runner_brings_is_replaced_by_what_is_named_beside_the_file(tmp_path: Path) -> None:
    overrides = ("cgroup.metrics=[task_up]",)

    asked = configured(Request(file=written(tmp_path, TREE), plugins=("cgroup",), overrides=overrides))

    (cgroup,) = [one.plugin for one in plan_of(asked).bindings if type(one.plugin).__name__ == "CgroupMetrics"]
    assert cgroup.metrics == ["task_up"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("override", ["agent.interval=7", "static.require_pids=true", "log.overwrite=true"])
def test_what_a_file_with_a_runner_says_cannot_be_set(tmp_path: Path, override: str) -> None:
    request = Request(file=written(tmp_path, TREE), plugins=("static",), overrides=(override,))

    assert "to set; here nothing can be set" in errors(request)[0]


def test_two_names_of_one_plugin_in_a_file_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "plugins:\n  static: {tasks: [a]}\n  StaticNode: {tasks: [b]}\n")

    assert errors(Request(file=file)) == [f"{file}:3:15: StaticNode is the plugin static, which stands here already"]


def test_an_option_does_not_change_what_shares_an_anchor(tmp_path: Path) -> None:
    text = "agent: {extra_labels: &l {a: b}}\nplugins: {static: {tasks: [], default_labels: *l}}\n"

    asked = configured(Request(file=written(tmp_path, text), overrides=("agent.extra_labels.rack=r7",)))

    assert plan_of(asked).extra_labels == {"a": "b", "rack": "r7"}
    assert plan_of(asked).bindings[0].plugin.default_labels == {"a": "b"}  # type: ignore[attr-defined]


def test_all_errors_of_the_short_form_are_told(tmp_path: Path) -> None:
    text = "agent: {interval: x}\nplugins:\n  static: {tasks: 5}\n  nope: {}\n  log: {bogus: 1}\nloggers: {wca: loud}\n"

    told = errors(Request(file=written(tmp_path, text), overrides=("x",), without=("y",)))

    assert len(told) == 7


def test_a_runner_with_a_loop_of_its_own_takes_no_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registered, "OwnLoop", Registration(OwnLoop))

    (error,) = errors(Request(file=written(tmp_path, "runner: !OwnLoop\n"), plugins=("log",)))

    assert error.endswith("!OwnLoop has a loop of its own: plugins cannot be added or set")


def test_a_class_that_is_no_plugin_is_refused_by_check_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        @hookimpl
        def collect_metrics(self, nonsense: object) -> None: ...

    monkeypatch.setitem(registered, "Old", Registration(Old))
    assert "does not say for which API it was written" in errors(Request(plugins=("Old",)))[0]

    monkeypatch.setitem(registered, "Old", Registration(plugin(api=1)(Old)))
    with pytest.raises(PluginError, match=r"Old.*nonsense"):
        outline(configured(Request(plugins=("Old",))))


def test_a_bare_tag_among_the_plugins_gets_the_keys_of_the_runner(tmp_path: Path) -> None:
    file = written(tmp_path, TREE + "  plugins:\n  - !probe\n  event_names: [a]\n")

    assert probe_of(configured(Request(file=file), with_keys(event_names=f"{__name__}:Probe"))).event_names == ["a"]


def test_a_level_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_TEST", "debug")

    assert configured(Request(file=written(tmp_path, TREE + "loggers: {wca: !Env WCA_TEST}\n"))).loggers == {
        "wca": "debug"
    }


def test_a_secret_that_a_component_repeats_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_TEST", "hunter2")

    @dataclass(eq=False, kw_only=True)
    class Client:
        secret: str
        url: str = ""

        def __post_init__(self) -> None:
            self.url = f"https://u:{self.secret}@host"

        def run(self) -> None: ...

    monkeypatch.setitem(registered, "Client", Registration(Client))

    told = outline(configured(Request(file=written(tmp_path, "runner: !Client {secret: !Env WCA_TEST}\n"))))

    assert "hunter2" not in told
    assert "https://***@host" in told
