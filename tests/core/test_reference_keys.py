"""Older spellings of a configuration become today's: with a warning, in their place, and nothing else is touched."""

from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wca_core.config.loader import load_text
from wca_core.config.problems import Problems
from wca_core.config.reference_keys import RUNNERS, WITH_MEASUREMENT, modernized
from wca_core.config.tree import Mapping, Place, Scalar, Sequence, Tree
from wca_core.errors import ConfigurationError

MEASUREMENT_KEYS = ("node", "interval", "metrics_storage", "extra_labels", "rdt_enabled", "rdt_mb_control_required")

OLD_WORDS = ("action_delay", "metric_storage", "anomalies_storages", "allocation_storage", "timeout", "broker_ips")
TODAYS_WORDS = ("interval", "metrics_storage", "anomalies_storage", "allocations_storage", "brokers_ips", "detector")


def parsed(text: str) -> Tree:
    return load_text(dedent(text), "wca.yaml")


def modern(text: str) -> Tree:
    """The document in today's spelling, when no field of it contradicts another."""
    problems = Problems()
    tree = modernized(parsed(text), problems, MEASUREMENT_KEYS)
    problems.refuse()
    return tree


def refused(text: str) -> str:
    problems = Problems()
    modernized(parsed(text), problems, MEASUREMENT_KEYS)
    with pytest.raises(ConfigurationError) as caught:
        problems.refuse()
    return str(caught.value)


def shape(tree: Tree) -> object:
    """What a tree says, without places."""
    if isinstance(tree, Scalar):
        return (tree.tag, repr(tree.value))
    if isinstance(tree, Sequence):
        return (tree.tag, [shape(item) for item in tree.items])
    return (tree.tag, {name: shape(entry) for name, entry in tree.entries.items()})


def means(old: str, today: str) -> bool:
    return shape(modern(old)) == shape(parsed(today))


def part(tree: Tree, *path: str | int) -> Tree:
    for step in path:
        if isinstance(tree, Sequence):
            tree = tree.items[int(step)]
        else:
            assert isinstance(tree, Mapping)
            tree = tree.entries[step]
    return tree


def place_of_key(tree: Tree, *path: str | int) -> str:
    above = part(tree, *path[:-1])
    assert isinstance(above, Mapping)
    return str(above.place_of(path[-1]))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("config", ["MeasurementRunnerConfig", "DetectionRunnerConfig", "AllocationRunnerConfig"])
def test_fields_below_config_become_fields_of_the_runner(runner: str, config: str) -> None:
    assert means(f"runner: !{runner} {{config: !{config} {{x: 1, y: [2]}}}}", f"runner: !{runner} {{x: 1, y: [2]}}")


def test_a_config_without_fields_brings_none() -> None:
    assert means("!DetectionRunner {config: !DetectionRunnerConfig , x: 1}", "!DetectionRunner {x: 1}")


@pytest.mark.parametrize(
    "text",
    [
        "!StaticAllocator {config: !DetectionRunnerConfig {x: 1}}",
        "!StaticAllocator {config: /etc/rules.yaml}",
        "!DetectionRunner {config: {x: 1}}",
        "!DetectionRunner {config: !DetectionRunnerConfig [1]}",
    ],
)
def test_a_config_that_is_no_old_one_of_a_runner_stays(text: str) -> None:
    assert means(text, text)


@pytest.mark.parametrize("runner", WITH_MEASUREMENT)
def test_measurement_fields_of_another_runner_become_its_measurement_runner(runner: str) -> None:
    assert means(
        f"!{runner} {{node: !StaticNode {{tasks: []}}, x: 5, rdt_enabled: true}}",
        f"!{runner} {{x: 5, measurement_runner: !MeasurementRunner {{node: !StaticNode {{tasks: []}}, "
        "rdt_enabled: true}}",
    )


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_timeout_of_a_runner_is_ignored(runner: str) -> None:
    assert means(f"!{runner} {{timeout: 5, x: 1}}", f"!{runner} {{x: 1}}")


@pytest.mark.parametrize(("old", "today"), [("action_delay", "interval"), ("metric_storage", "metrics_storage")])
def test_measurement_fields_have_their_name_of_today(old: str, today: str) -> None:
    assert means(f"!MeasurementRunner {{{old}: 1}}", f"!MeasurementRunner {{{today}: 1}}")


@pytest.mark.parametrize("runner", WITH_MEASUREMENT)
@pytest.mark.parametrize(
    ("old", "today"), [("anomalies_storages", "anomalies_storage"), ("allocation_storage", "allocations_storage")]
)
def test_storages_of_other_runners_have_their_name_of_today(runner: str, old: str, today: str) -> None:
    assert means(f"!{runner} {{{old}: !LogStorage }}", f"!{runner} {{{today}: !LogStorage }}")


@pytest.mark.parametrize("field", ["anomalies_storage", "allocations_storage", "anomalies_storages"])
def test_storages_of_others_on_a_measurement_runner_are_ignored(field: str) -> None:
    assert means(f"!MeasurementRunner {{{field}: !LogStorage , x: 1}}", "!MeasurementRunner {x: 1}")


@pytest.mark.parametrize("runner", WITH_MEASUREMENT)
def test_storages_of_other_runners_stay_theirs_beside_measurement_fields(runner: str) -> None:
    assert means(
        f"!{runner} {{node: 1, anomalies_storage: 2, allocations_storage: 3}}",
        f"!{runner} {{anomalies_storage: 2, allocations_storage: 3, measurement_runner: "
        "!MeasurementRunner {node: 1}}",
    )


@pytest.mark.parametrize("field", ["measurement_runner: !MeasurementRunner {}", "x: 1"])
def test_what_is_an_allocation_runners_own_stays_even_if_a_plugin_answers_to_it(field: str) -> None:
    text = f"!AllocationRunner {{rdt_mb_control_required: true, {field}}}"

    assert means(text, text)


def test_an_allocator_of_a_detection_runner_is_its_detector() -> None:
    assert means("!DetectionRunner {allocator: !A {x: 1}}", "!DetectionRunner {detector: !A {x: 1}}")


def test_an_allocator_of_an_allocation_runner_stays() -> None:
    assert means("!AllocationRunner {allocator: !A {x: 1}}", "!AllocationRunner {allocator: !A {x: 1}}")


def test_broker_ips_are_renamed_wherever_a_kafka_storage_stands() -> None:
    assert means(
        "a: [!FilterStorage {storages: [!KafkaStorage {broker_ips: ['h:1'], topic: t}]}]",
        "a: [!FilterStorage {storages: [!KafkaStorage {brokers_ips: ['h:1'], topic: t}]}]",
    )


def test_minimize_migrations_is_the_algorithm_minimize_migration() -> None:
    assert means("!NUMAAllocator {algorithm: minimize_migrations}", "!NUMAAllocator {algorithm: minimize_migration}")


def test_an_algorithm_from_the_environment_stays() -> None:
    assert means(*["!NUMAAllocator {algorithm: !Env minimize_migrations}"] * 2)


@pytest.mark.parametrize("content", ["", "{database: !B }", "[1]"])
def test_a_build_runner_is_the_one_of_prometheus(content: str) -> None:
    assert means(f"runner: !BuildRunner {content}", f"runner: !BuildRunnerProm {content}")


@pytest.mark.parametrize("tag", ["Acme", "KubernetesNode", "BuildRunnerProm"])
def test_the_same_words_on_another_component_stay(tag: str) -> None:
    text = f"!{tag} {{timeout: 1, action_delay: 2, broker_ips: [], algorithm: minimize_migrations, allocator: 3}}"

    assert means(text, text)


def test_old_spellings_below_old_spellings_are_found() -> None:
    assert means(
        """
        runner: !DetectionRunner
          config: !DetectionRunnerConfig
            node: !MesosNode {timeout: 5}
            action_delay: 20
            timeout: 5
            metric_storage: !KafkaStorage {broker_ips: ['h:1']}
            anomalies_storages: !LogStorage
            allocator: !A {action_delay: 20}
        """,
        """
        runner: !DetectionRunner
          anomalies_storage: !LogStorage
          detector: !A {action_delay: 20}
          measurement_runner: !MeasurementRunner
            node: !MesosNode {timeout: 5}
            interval: 20
            metrics_storage: !KafkaStorage {brokers_ips: ['h:1']}
        """,
    )


def test_what_was_rewritten_keeps_its_place() -> None:
    tree = modern(
        """\
        runner: !DetectionRunner
          config: !DetectionRunnerConfig
            detector: !A
            action_delay: 20
        """
    )

    assert place_of_key(tree, "runner", "detector") == "wca.yaml:3:5"
    assert place_of_key(tree, "runner", "measurement_runner", "interval") == "wca.yaml:4:5"
    assert str(part(tree, "runner", "measurement_runner", "interval").place) == "wca.yaml:4:19"


def test_a_field_that_is_gone_leaves_no_place_behind() -> None:
    tree = modern("!DetectionRunner {timeout: 1, node: 1, allocator: 1}")

    assert isinstance(tree, Mapping)
    assert list(tree.key_places) == ["detector"]


def test_an_implicit_measurement_runner_stands_where_its_runner_stands() -> None:
    tree = modern("runner: !DetectionRunner\n  node: 1\n")

    assert place_of_key(tree, "runner", "measurement_runner") == "wca.yaml:1:9"
    assert part(tree, "runner", "measurement_runner").place == part(tree, "runner").place


def test_a_rewritten_part_with_an_alias_is_still_one_part() -> None:
    tree = modern("a: &kafka !KafkaStorage {broker_ips: []}\nb: [*kafka]\n")

    assert part(tree, "a") is part(tree, "b", 0)
    assert shape(part(tree, "a")) == shape(parsed("!KafkaStorage {brokers_ips: []}"))


def test_a_moved_part_with_an_alias_is_still_one_part() -> None:
    tree = modern("!DetectionRunner {metric_storage: &log !LogStorage {}, anomalies_storages: *log}")

    assert part(tree, "measurement_runner", "metrics_storage") is part(tree, "anomalies_storage")


def test_a_config_with_an_alias_gives_the_same_parts_to_both_runners() -> None:
    tree = modern(
        """
        a: !MeasurementRunner {config: &c !MeasurementRunnerConfig {node: !KafkaStorage {broker_ips: []}}}
        b: !MeasurementRunner {config: *c}
        """
    )

    assert part(tree, "a", "node") is part(tree, "b", "node")


def test_a_word_with_an_alias_changes_only_where_it_is_the_algorithm() -> None:
    assert means(
        "a: !NUMAAllocator {algorithm: &word minimize_migrations}\nb: *word\n",
        "a: !NUMAAllocator {algorithm: minimize_migration}\nb: minimize_migrations\n",
    )


def test_parts_without_old_spellings_beside_old_ones_stay_the_same_objects() -> None:
    tree = parsed("a: !KafkaStorage {broker_ips: []}\nb: [!LogStorage {x: 1}]\n")

    assert part(modernized(tree, Problems(), MEASUREMENT_KEYS), "b") is part(tree, "b")


def test_fields_that_were_merged_are_rewritten() -> None:
    assert means(
        "base: &base {action_delay: 1}\nrunner: !MeasurementRunner {<<: *base}\n",
        "base: {action_delay: 1}\nrunner: !MeasurementRunner {interval: 1}\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "!KafkaStorage\nbroker_ips: []\n",
            "2:1: !KafkaStorage has 'broker_ips', which is an old name; write 'brokers_ips'",
        ),
        (
            "!DetectionRunner\nconfig: !DetectionRunnerConfig {}\n",
            "2:1: !DetectionRunner has 'config: !DetectionRunnerConfig', which is an old form; "
            "write its fields directly below !DetectionRunner",
        ),
        (
            "!DetectionRunner\nx: 1\nnode: 1\ninterval: 1\n",
            "3:1: !DetectionRunner has fields of a MeasurementRunner (node, interval); "
            "write them below 'measurement_runner: !MeasurementRunner'",
        ),
        (
            "!MeasurementRunner\ntimeout: 1\n",
            "2:1: !MeasurementRunner has 'timeout', which means nothing there; remove it",
        ),
        (
            "!NUMAAllocator\nalgorithm: minimize_migrations\n",
            "2:12: !NUMAAllocator algorithm: 'minimize_migrations' is an old name; write 'minimize_migration'",
        ),
        ("- !BuildRunner {}\n", "1:3: !BuildRunner is an old name; write !BuildRunnerProm"),
    ],
)
def test_a_warning_tells_the_place_what_was_found_and_what_to_write(
    text: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    modern(text)

    assert caplog.record_tuples == [("wca.config", 30, f"wca.yaml:{message}")]


def test_each_old_spelling_is_told(caplog: pytest.LogCaptureFixture) -> None:
    modern(
        "!DetectionRunner {config: !DetectionRunnerConfig {action_delay: 1, metric_storage: !LogStorage , timeout: 1}}"
    )

    found = [" ".join(message.split()[1:4]) for message in caplog.messages]
    assert found == [
        "!DetectionRunner has 'config:",
        "!DetectionRunner has 'action_delay',",
        "!DetectionRunner has 'metric_storage',",
        "!DetectionRunner has 'timeout',",
        "!DetectionRunner has fields",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "!KafkaStorage\nbrokers_ips: []\nbroker_ips: []\n",
            "3:1: !KafkaStorage has 'brokers_ips' and also 'broker_ips', its old name; remove 'broker_ips'",
        ),
        (
            "!DetectionRunner\nallocator: !A\ndetector: !A\n",
            "2:1: !DetectionRunner has 'detector' and also 'allocator', its old name; remove 'allocator'",
        ),
        (
            "!DetectionRunner\nx: 1\nconfig: !DetectionRunnerConfig\n  x: 2\n",
            "4:3: !DetectionRunner has 'x' itself and again below 'config'; remove one of them",
        ),
        (
            "!AllocationRunner\nmeasurement_runner: !MeasurementRunner\naction_delay: 1\nnode: 1\n",
            "4:1: !AllocationRunner has fields of a MeasurementRunner (node, interval) "
            "and a measurement_runner too; write them there",
        ),
        (
            "!DetectionRunner\ninterval: 1\nconfig: !DetectionRunnerConfig\n  action_delay: 2\n",
            "4:3: !DetectionRunner has 'interval' and also 'action_delay', its old name; remove 'action_delay'",
        ),
    ],
)
def test_an_old_spelling_that_contradicts_another_field_is_refused_with_its_place(text: str, message: str) -> None:
    assert refused(text) == f"wca.yaml:{message}"


def test_a_part_with_aliases_is_refused_once() -> None:
    assert len(refused("a: &k !KafkaStorage {brokers_ips: [], broker_ips: []}\nb: *k\n").splitlines()) == 1


def test_a_tree_too_deep_to_walk_is_refused_with_its_place() -> None:
    tree: Tree = Scalar(Place("f", 2, 1), None, 1)
    for _ in range(5000):
        tree = Sequence(Place("f", 1, 1), None, [tree])

    with pytest.raises(ConfigurationError, match="f:1:1: nested too deeply"):
        modernized(tree, Problems(), MEASUREMENT_KEYS)


WORDS = st.builds(Scalar, st.just(Place("f", 1, 1)), st.sampled_from([None, "Env", "LogStorage"]), st.integers())


def mappings(
    tags: list[str | None], names: tuple[str, ...], children: st.SearchStrategy[Tree]
) -> st.SearchStrategy[Tree]:
    entries = st.dictionaries(st.sampled_from(names), children, max_size=4)
    return st.builds(Mapping, st.just(Place("f", 2, 1)), st.sampled_from(tags), entries)


def trees(tags: list[str | None], names: tuple[str, ...]) -> st.SearchStrategy[Tree]:
    def above(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        lists = st.builds(Sequence, st.just(Place("f", 3, 1)), st.none(), st.lists(children, max_size=3))
        return lists | mappings(tags, names, children)

    return st.recursive(WORDS, above, max_leaves=20)


MODERN_TREES = trees(
    [None, "StaticNode", "KafkaStorage", "FilterStorage", "NUMAAllocator", "BuildRunnerProm", *WITH_MEASUREMENT],
    ("measurement_runner", "detector", "anomalies_storage", "allocations_storage", "brokers_ips", "algorithm"),
)
ANY_TREES = trees(
    [None, "KafkaStorage", "NUMAAllocator", "BuildRunner", *RUNNERS],
    (*OLD_WORDS, *TODAYS_WORDS, "allocator", "algorithm", "node", "measurement_runner"),
)
CONFIGS = mappings(["DetectionRunnerConfig", "AllocationRunnerConfig"], (*OLD_WORDS, *TODAYS_WORDS), ANY_TREES)
RUNNERS_WITH_CONFIG = mappings([*RUNNERS], ("config", *OLD_WORDS, *TODAYS_WORDS), CONFIGS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MODERN_TREES)
def test_a_tree_without_old_spellings_is_returned_itself_without_a_word(
    caplog: pytest.LogCaptureFixture, tree: Tree
) -> None:
    before = shape(tree)
    problems = Problems()

    same = modernized(tree, problems, MEASUREMENT_KEYS)

    assert same is tree
    assert shape(same) == before
    assert (problems.count, caplog.messages) == (0, [])


@given(ANY_TREES | RUNNERS_WITH_CONFIG)
def test_the_tree_given_is_never_changed(tree: Tree) -> None:
    before = repr(tree)

    modernized(tree, Problems(), MEASUREMENT_KEYS)

    assert repr(tree) == before


@given(ANY_TREES | RUNNERS_WITH_CONFIG)
def test_a_modern_tree_has_nothing_left_to_rewrite(tree: Tree) -> None:
    once = modernized(tree, Problems(), MEASUREMENT_KEYS)

    assert modernized(once, Problems(), MEASUREMENT_KEYS) is once
