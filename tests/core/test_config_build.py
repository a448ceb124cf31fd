"""From tags to components: what is wrong is told with place, component, field, expected and found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest

from wca_core.config.build import Builder
from wca_core.config.field_types import Between, FieldCheck
from wca_core.config.loader import load_text
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping
from wca_core.errors import ConfigurationError, PluginError


class Driver(Enum):
    """May be written as its value."""

    CGROUPFS = "cgroupfs"
    SYSTEMD = "systemd"


class Size(Enum):
    """Has values that are no texts."""

    SMALL = 1
    LARGE = 2


class Picky(FieldCheck):
    """Is wrong itself."""

    def check(self, value: int) -> None:
        raise KeyError(value)


@dataclass(eq=False, kw_only=True)
class Runner:
    """A component with a field of each kind."""

    storage: object = None
    other: object = None
    only: "Storage | None" = None
    interval: Annotated[float, Between(0, 60)] = 1.0
    names: list[str] = field(default_factory=list)
    flag: bool = False
    count: int = 0
    driver: Driver = Driver.CGROUPFS
    size: Size = Size.SMALL
    pair: tuple[str, int] = ("a", 1)
    several: frozenset[str] = frozenset()
    where: Path | None = None
    each: Iterable[int] = ()
    marked: Annotated[int, {"not": "hashable"}] = 0
    picky: Annotated[int, Picky()] = 0
    filter: bool | Annotated[float, Between(0, 1)] = True
    labels: dict[str, str | int] = field(default_factory=dict)
    password: str = ""
    untyped: dict = field(default_factory=dict)  # type: ignore[type-arg]
    late: str = None  # type: ignore[assignment]


@dataclass(eq=False, kw_only=True)
class Storage:
    """Has one field that must be given."""

    topic: str
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.topic == "bad":
            raise ConfigurationError("topic: 'bad' is bad")
        if self.topic == "worse":
            raise KeyError(self.topic)
        if self.topic == "own":
            raise GeneratorExit
        if self.topic == "exit":
            raise SystemExit("topic")


class Loose:
    """Does not say what it takes."""

    def __init__(self, thing, *more, **others):  # type: ignore[no-untyped-def]
        self.thing, self.others = thing, others


class Unreadable:
    """Its annotation means nothing."""

    def __init__(self, thing: "Nowhere" = None) -> None:  # type: ignore[name-defined]  # noqa: F821
        self.thing = thing


class Given:
    """Gives the classes of this module."""

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict

    def load(self, word: str) -> type:
        classes = {cls.__name__: cls for cls in (Runner, Storage, Driver, Loose, Unreadable)}
        if word not in classes:
            raise PluginError(f"nothing answers to {word}")
        return classes[word]

    def is_strict(self, cls: type) -> bool:
        return self.strict


def build(text: str, strict: bool = True) -> Any:
    """What stands below `runner` in a file."""
    tree = load_text(text, "wca.yaml")
    assert isinstance(tree, Mapping)
    problems = Problems()
    made = Builder(Given(strict), problems).made(tree.entries["runner"], "runner")
    problems.refuse()
    return made


def errors(text: str, strict: bool = True) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        build(text, strict)
    return str(caught.value).splitlines()


def test_components_are_made_from_their_tags() -> None:
    runner = build("runner: !Runner\n  storage: !Storage {topic: t}\n  interval: 5\n  names: [a, b]\n")

    assert isinstance(runner.storage, Storage)
    assert (runner.storage.topic, runner.interval, runner.names) == ("t", 5.0, ["a", "b"])


def test_a_component_without_fields_needs_no_mapping() -> None:
    assert build("runner: !Runner\n").interval == 1.0


def test_two_places_of_an_alias_are_one_component() -> None:
    runner = build("runner: !Runner\n  storage: &s !Storage {topic: t}\n  other: *s\n")

    assert runner.storage is runner.other


def test_an_unknown_tag_is_told_with_its_place() -> None:
    assert errors("runner: !Runner\n  storage: !LogStorag {}\n") == [
        "wca.yaml:2:12: !LogStorag: nothing answers to LogStorag"
    ]


def test_an_unknown_field_is_told_with_its_line_and_the_nearest_name() -> None:
    (error,) = errors("runner: !Runner\n  interval: 1\n  nams: [a]\n")

    assert error.startswith("wca.yaml:3:3: !Runner has no field 'nams'; it has ")
    assert error.endswith("(did you mean names?)")


def test_a_missing_field_is_told_with_the_line_of_its_component() -> None:
    assert errors("runner: !Runner\n  storage: !Storage {}\n") == ["wca.yaml:2:12: !Storage needs topic"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("interval: fast", "runner.interval (of !Runner): a number expected, found 'fast' (str)"),
        ("interval: '1'", "runner.interval (of !Runner): a number expected, found '1' (str)"),
        ("interval: 61", "runner.interval (of !Runner): a number from 0 to 60 expected, found 61 (int)"),
        ("interval: -1", "runner.interval (of !Runner): a number from 0 to 60 expected, found -1 (int)"),
        ("interval: .nan", "runner.interval (of !Runner): a finite number expected, found nan (float)"),
        ("interval: .inf", "runner.interval (of !Runner): a finite number expected, found inf (float)"),
        ("interval: ~", "runner.interval (of !Runner): a number expected, found null"),
        ("interval: true", "runner.interval (of !Runner): a number expected, found True (bool)"),
        ("count: true", "runner.count (of !Runner): a whole number expected, found True (bool)"),
        ("count: 1.5", "runner.count (of !Runner): a whole number expected, found 1.5 (float)"),
        ("flag: yes", "runner.flag (of !Runner): true or false expected, found 'yes' (str)"),
        ("flag: 1", "runner.flag (of !Runner): true or false expected, found 1 (int)"),
        ("names: a", "runner.names (of !Runner): a list expected, found 'a' (str)"),
        ("names: [a, 5]", "runner.names[1] (of !Runner): a text expected, found 5 (int)"),
        ("labels: {a: [x]}", "runner.labels.a (of !Runner): a text or a whole number expected, found ['x'] (list)"),
        ("labels: {5: x}", "runner.labels[5] (of !Runner): as key a text expected, found 5 (int)"),
        ("driver: SYSTEMD", "runner.driver (of !Runner): 'cgroupfs' or 'systemd' expected, found 'SYSTEMD' (str)"),
        ("filter: 2", "true or false or a number from 0 to 1 expected, found 2 (int)"),
        ("each: [1, x]", "runner.each[1] (of !Runner): a whole number expected, found 'x' (str)"),
        ("pair: [a]", "runner.pair"),
        ("picky: 5", "!Runner: picky cannot be checked: its check raised KeyError: 5"),
        ("only: text", "runner.only (of !Runner): !Storage expected, found 'text' (str)"),
        ("password: 5", "runner.password (of !Runner): a text expected, found *** (int)"),
        ("names: " + "x" * 100, f"found '{'x' * 76}... (str)"),
        ("names: 0x" + "f" * 5000, "a list expected, found a number of too many digits (int)"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_what_was_found(line: str, told: str) -> None:
    (error,) = errors(f"# first\nrunner: !Runner\n  {line}\n")

    assert error.startswith("wca.yaml:3:")
    assert told in error


def test_a_wrong_item_is_told_with_its_own_line() -> None:
    (error,) = errors("runner: !Runner\n  names:\n  - a\n  - 5\n")

    assert error.startswith("wca.yaml:4:5: runner.names[1] (of !Runner): ")


def test_errors_that_do_not_depend_on_each_other_are_told_together() -> None:
    told = errors(
        "runner: !Runner\n  storage: !Nothing {}\n  other: !Storage {topic: 5}\n  interval: 99\n  flg: true\n",
    )

    assert [error.split(":")[1] for error in told] == ["2", "3", "4", "5"]


def test_twelve_errors_in_one_file_are_all_told() -> None:
    assert len(errors("runner: !Runner\n  names:\n" + "  - 5\n" * 12)) == 12


def test_of_more_than_twenty_errors_twenty_are_told_and_the_rest_counted() -> None:
    told = errors("runner: !Runner\n  names:\n" + "  - 5\n" * 23)

    assert len(told) == 21
    assert told[-1] == "... and 3 more"


def test_what_a_component_refuses_is_told_with_its_line() -> None:
    assert errors("runner: !Runner\n  storage: !Storage {topic: bad}\n") == [
        "wca.yaml:2:12: !Storage: topic: 'bad' is bad"
    ]


def test_a_constructor_that_breaks_is_told_with_its_line() -> None:
    assert errors("runner: !Runner\n  storage: !Storage {topic: worse}\n") == [
        "wca.yaml:2:12: !Storage: cannot be made: KeyError: 'worse'"
    ]


def test_a_constructor_that_ends_the_process_is_told_with_its_line() -> None:
    assert errors("runner: !Runner\n  storage: !Storage {topic: exit}\n") == [
        "wca.yaml:2:12: !Storage: cannot be made: SystemExit: topic"
    ]


def test_a_component_that_is_broken_is_told_once_for_all_its_aliases() -> None:
    text = "runner: !Runner\n  storage: &s !Storage {topic: 5}\n  other: *s\n"

    assert errors(text) == ["wca.yaml:2:32: runner.storage.topic (of !Storage): a text expected, found 5 (int)"]


def test_two_components_with_equal_fields_are_two() -> None:
    runner = build("runner: !Runner\n  storage: !Storage {topic: t}\n  other: !Storage {topic: t}\n")

    assert runner.storage is not runner.other


def test_a_text_on_a_component_is_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert build("runner: !Runner text\n").interval == 1.0
    assert "wca.yaml:1:9: !Runner takes no text; 'text' is ignored" in caplog.text


def test_a_list_on_a_component_is_refused() -> None:
    assert errors("runner: !Runner [a]\n") == ["wca.yaml:1:9: !Runner: its fields expected as a mapping, found a list"]


def test_an_enum_is_given_by_tag_or_by_value() -> None:
    assert build("runner: !Runner {driver: !Driver systemd}\n").driver is Driver.SYSTEMD
    assert build("runner: !Runner {driver: systemd}\n").driver is Driver.SYSTEMD


def test_an_unknown_member_of_an_enum_is_told_with_those_that_exist() -> None:
    assert errors("runner: !Runner {driver: !Driver other}\n") == [
        "wca.yaml:1:26: !Driver: '!Driver cgroupfs' or '!Driver systemd' expected"
    ]


def test_null_is_taken_where_it_is_the_default() -> None:
    assert build("runner: !Runner {late: ~, storage: ~}\n").late is None


def test_an_untyped_mapping_passes_as_it_is() -> None:
    assert build("runner: !Runner {untyped: {a: [1, b]}}\n").untyped == {"a": [1, "b"]}


def test_a_whole_number_is_widened_to_a_float() -> None:
    assert type(build("runner: !Runner {interval: 5}\n").interval) is float


def test_a_field_without_annotation_is_refused() -> None:
    (error,) = errors("runner: !Loose {thing: 1}\n")

    assert error.startswith("wca.yaml:1:17: !Loose: thing cannot be checked: it has no annotation (annotate it, or")


def test_a_field_without_annotation_is_taken_with_a_warning_if_not_strict(caplog: pytest.LogCaptureFixture) -> None:
    made = build("runner: !Loose {thing: 1, other: 2}\n", strict=False)

    assert (made.thing, made.others) == (1, {"other": 2})
    assert "!Loose: thing cannot be checked" in caplog.text


def test_an_annotation_that_cannot_be_read_matters_only_where_a_value_is_given() -> None:
    assert build("runner: !Unreadable\n").thing is None
    assert "its annotation cannot be read: NameError" in errors("runner: !Unreadable {thing: 1}\n")[0]


def test_a_variable_of_the_environment_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_TEST", "here")

    assert build("runner: !Runner {password: !Env WCA_TEST}\n").password == "here"


@pytest.mark.parametrize(
    ("field_name", "text", "value"),
    [
        *(("interval", "5", 5.0), ("count", "7", 7), ("flag", "true", True), ("flag", "0", False)),
        *(("filter", "0.5", 0.5), ("names", "[a]", None), ("driver", "systemd", Driver.SYSTEMD)),
    ],
)
def test_a_variable_of_the_environment_becomes_what_the_field_needs(
    monkeypatch: pytest.MonkeyPatch, field_name: str, text: str, value: object
) -> None:
    monkeypatch.setenv("WCA_TEST", text)

    if value is None:
        assert "a list expected, found *** (str)" in errors(f"runner: !Runner {{{field_name}: !Env WCA_TEST}}\n")[0]
    else:
        assert getattr(build(f"runner: !Runner {{{field_name}: !Env WCA_TEST}}\n"), field_name) == value


@pytest.mark.parametrize("name", ["interval", "count", "flag", "driver"])
def test_a_variable_that_is_no_such_value_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("WCA_TEST", "hunter2")

    (error,) = errors(f"runner: !Runner {{{name}: !Env WCA_TEST}}\n")

    assert f"runner.{name} (of !Runner): " in error
    assert error.endswith("found *** (str)")
    assert "hunter2" not in error


def test_an_unset_variable_is_an_empty_text_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("WCA_TEST", raising=False)

    assert build("runner: !Runner {password: !Env WCA_TEST}\n").password == ""
    assert "wca.yaml:1:28: !Env: the environment variable WCA_TEST is not set" in caplog.text


def test_an_unset_variable_has_the_default_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WCA_TEST", raising=False)

    assert build("runner: !Runner {interval: !Env {name: WCA_TEST, default: 5}}\n").interval == 5.0


def test_a_required_variable_that_is_unset_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WCA_TEST", raising=False)

    assert errors("runner: !Runner {password: !Env {name: WCA_TEST, required: true}}\n") == [
        "wca.yaml:1:28: !Env: the environment variable WCA_TEST is required and not set"
    ]


@pytest.mark.parametrize(
    "value",
    ["!Env ''", "!Env [A]", "!Env {}", "!Env {name: 5}", "!Env {name: A, other: 1}", "!Env {name: A, required: x}"],
)
def test_a_variable_that_is_named_wrongly_is_refused(value: str) -> None:
    assert "!Env: a NAME or {name: NAME" in errors(f"runner: !Runner {{password: {value}}}\n")[0]


def test_a_secret_in_the_words_of_a_constructor_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WCA_TEST", "worse")

    assert errors("runner: !Runner {storage: !Storage {topic: !Env WCA_TEST}}\n") == [
        "wca.yaml:1:27: !Storage: cannot be made: KeyError: '***'"
    ]


def test_a_variable_in_a_text_is_not_expanded_but_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WCA_TEST", "here")

    assert build("runner: !Runner {password: $WCA_TEST/x}\n").password == "$WCA_TEST/x"
    assert "$WCA_TEST stays as it stands; for its value write !Env WCA_TEST" in caplog.text


@pytest.mark.parametrize("text", ["00123", "1e3", "1_000", " 42 "])
def test_a_variable_stays_a_text_where_one_is_taken(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WCA_TEST", text)

    assert build("runner: !Runner {labels: {a: !Env WCA_TEST}}\n").labels == {"a": text}


def test_a_list_becomes_what_yaml_cannot_write() -> None:
    runner = build("runner: !Runner {pair: [b, 2], several: [x, x], where: /tmp, each: [1, 2]}\n")

    assert (runner.pair, runner.several, runner.where, list(runner.each)) == (("b", 2), {"x"}, Path("/tmp"), [1, 2])


def test_a_member_whose_value_is_a_number_is_given_by_it() -> None:
    assert build("runner: !Runner {size: 2}\n").size is Size.LARGE


def test_metadata_that_cannot_be_hashed_is_no_obstacle() -> None:
    assert build("runner: !Runner {marked: 3}\n").marked == 3


def test_a_constructor_may_raise_whatever_it_likes() -> None:
    assert errors("runner: !Runner {storage: !Storage {topic: own}}\n") == [
        "wca.yaml:1:27: !Storage: cannot be made: GeneratorExit:"
    ]


def test_what_has_an_error_of_its_own_gives_no_second_one() -> None:
    assert len(errors("runner: !Runner {interval: !Env [A]}\n")) == 1
