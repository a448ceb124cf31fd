"""From tags to components: what is wrong is told with file, line, component, field, expected and found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge, Le

from wca_core.config.build import build_file
from wca_core.errors import ConfigurationError
from wca_core.registry import Registry


@dataclass(eq=False, kw_only=True)
class Runner:
    """Stands for a runner."""

    storage: object = None
    other: object = None
    interval: Annotated[float, Ge(0), Le(60)] = 1.0
    names: list[str] = field(default_factory=list)
    flag: bool = False

    def plan(self) -> Iterable[object]:
        return []


@dataclass(eq=False, kw_only=True)
class Storage:
    """Has one field that must be given."""

    topic: str

    def __post_init__(self) -> None:
        if self.topic == "bad":
            raise ConfigurationError("topic: 'bad' is bad")
        if self.topic == "worse":
            raise KeyError(self.topic)


def resolve(tag: str) -> type:
    own = {"Runner": Runner, "Storage": Storage}
    return own.get(tag) or Registry().load(tag)


def build(folder: Path, text: str) -> Runner:
    path = folder / "wca.yaml"
    path.write_text(text)
    runner: Runner = build_file(str(path), resolve)
    return runner


def errors(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        build(folder, text)
    return str(caught.value).splitlines()


def test_components_are_made_from_their_tags(tmp_path: Path) -> None:
    runner = build(tmp_path, "runner: !Runner\n  storage: !Storage {topic: t}\n  interval: 5\n  names: [a, b]\n")

    assert isinstance(runner.storage, Storage)
    assert (runner.storage.topic, runner.interval, runner.names) == ("t", 5.0, ["a", "b"])


def test_a_component_without_fields_needs_no_mapping(tmp_path: Path) -> None:
    assert build(tmp_path, "runner: !Runner\n").interval == 1.0


def test_two_places_of_an_alias_are_one_component(tmp_path: Path) -> None:
    runner = build(tmp_path, "runner: !Runner\n  storage: &s !Storage {topic: t}\n  other: *s\n")

    assert runner.storage is runner.other


def test_an_unknown_tag_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, "runner: !Runner\n  storage: !LogStorag {}\n")

    assert error.startswith("wca.yaml:2: !LogStorag: nothing installed answers to 'LogStorag'")
    assert "did you mean LogStorage?" in error


def test_an_unknown_field_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, "runner: !Runner\n  interval: 1\n  nams: [a]\n")

    assert error.startswith("wca.yaml:3: !Runner has no field 'nams'; it has ")
    assert error.endswith("(did you mean names?)")


def test_a_missing_field_is_told_with_the_line_of_its_component(tmp_path: Path) -> None:
    assert errors(tmp_path, "runner: !Runner\n  storage: !Storage {}\n") == ["wca.yaml:2: !Storage needs topic"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("interval: fast", "!Runner interval: "),
        ("interval: '1'", "!Runner interval: "),
        ("interval: 61", "!Runner interval: input should be less than or equal to 60, found 61 (int)"),
        ("interval: -1", "!Runner interval: input should be greater than or equal to 0, found -1 (int)"),
        ("interval: .nan", "!Runner interval: "),
        ("interval: .inf", "!Runner interval: "),
        ("interval: ~", "!Runner interval: "),
        ("flag: yes", "found 'yes' (str)"),
        ("flag: 1", "!Runner flag: "),
        ("names: a", "!Runner names: "),
        ("names: [a, 5]", "!Runner names.1: "),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_what_was_found(tmp_path: Path, line: str, told: str) -> None:
    (error,) = errors(tmp_path, f"# first\nrunner: !Runner\n  {line}\n")

    assert error.startswith("wca.yaml:3: ")
    assert told in error


def test_a_wrong_item_is_told_with_its_own_line(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, "runner: !Runner\n  names:\n  - a\n  - 5\n")

    assert error.startswith("wca.yaml:4: !Runner names.1: ")


def test_errors_that_do_not_depend_on_each_other_are_told_together(tmp_path: Path) -> None:
    told = errors(
        tmp_path,
        "runner: !Runner\n  storage: !Nothing {}\n  other: !Storage {topic: 5}\n  interval: 99\n  flg: true\nmore: 1\n",
    )

    assert sorted(error.split(": ")[0] for error in told) == [f"wca.yaml:{line}" for line in (2, 3, 4, 5, 6)]


def test_what_a_component_refuses_is_told_with_its_line(tmp_path: Path) -> None:
    assert errors(tmp_path, "runner: !Runner\n  storage: !Storage {topic: bad}\n") == [
        "wca.yaml:2: !Storage: topic: 'bad' is bad"
    ]


def test_a_constructor_that_breaks_is_told_with_its_line(tmp_path: Path) -> None:
    assert errors(tmp_path, "runner: !Runner\n  storage: !Storage {topic: worse}\n") == [
        "wca.yaml:2: !Storage cannot be made: KeyError: 'worse'"
    ]


@pytest.mark.parametrize("text", ["[1]", "5", "{}", "runner: 5", "runner: !Storage {topic: t}", "runner: [!Runner {}]"])
def test_a_file_without_a_runner_is_refused(tmp_path: Path, text: str) -> None:
    assert errors(tmp_path, text)[0].startswith("wca.yaml:1: ")


@pytest.mark.parametrize("text", ["runner: !Runner [a]\n", "runner: !Runner text\n"])
def test_fields_that_are_no_mapping_are_refused(tmp_path: Path, text: str) -> None:
    assert errors(tmp_path, text) == ["wca.yaml:1: !Runner: its fields expected as a mapping"]


def test_the_documented_runner_is_built(tmp_path: Path) -> None:
    text = (
        "runner: !MeasurementRunner\n"
        "  node: !StaticNode {tasks: [a]}\n"
        f"  metrics_storage: !LogStorage {{output_filename: {tmp_path}/metrics.prom, overwrite: true}}\n"
        "  interval: 5.0\n"
    )

    plan = build(tmp_path, text).plan()

    assert [binding.name for binding in plan.bindings] == ["static", "cgroup", "self", "log"]  # type: ignore[attr-defined]
