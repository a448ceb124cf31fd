"""The older types of fields, checked as ours are."""

from __future__ import annotations

import os
from pathlib import Path as File
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca import config

from wca_core.configuration import Configured, Request, configured
from wca_core.errors import ConfigurationError
from wca_core.registration import registered

OLDER = """
    from dataclasses import dataclass, field
    from typing import Dict, List, Optional, Union
    import os

    from wca.config import IpPort, Numeric, Path, Str, Url, ValidationError, register
    from wca.runners import Runner
    from wca.security import SSL


    class Basis(Runner):
        def run(self) -> int:
            return 0


    @register
    @dataclass
    class Older(Basis):
        interval: Numeric(0, 60) = 1.0
        low: Numeric(min=3) = 3
        names: List[Str] = field(default_factory=list)
        short: Str(max_size=3) = ''
        file: Optional[Path(absolute=True, mode=os.R_OK)] = None
        server: Optional[Url(schemes=('https',))] = None
        brokers: List[IpPort] = field(default_factory=list)
        by_name: Dict[Str, Union[Numeric(0, 1), Str]] = field(default_factory=dict)
        any_number: Numeric = None
        mixed: Union[bool, Path(absolute=True)] = True
        ssl: Optional[SSL] = None
        later: Optional['Later'] = None

        def __post_init__(self):
            if self.short == 'bad':
                raise ValidationError('short: anything but bad expected')


    @register
    @dataclass
    class Younger(Older):
        more: Numeric(1, 2) = 1


    @register(strict_mode=False)
    class Later:
        def __init__(self, anything=None):
            self.anything = anything
"""


@pytest.fixture
def older(tmp_path: File, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    (tmp_path / "older_fields.py").write_text(dedent(OLDER))
    monkeypatch.syspath_prepend(str(tmp_path))
    before = dict(registered)
    monkeypatch.delitem(__import__("sys").modules, "older_fields", raising=False)
    __import__("older_fields")

    def load(fields: str, tag: str = "Older") -> Configured:
        file = tmp_path / "wca.yaml"
        file.write_text(f"runner: !{tag}\n" + "".join(f"  {line}\n" for line in fields.splitlines()))
        return configured(Request(file=str(file)))

    yield load
    registered.clear()
    registered.update(before)


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ("interval: 5", "interval", 5),
        ("interval: 0.5", "interval", 0.5),
        ("low: 3.5", "low", 3.5),
        ("names: [a, b]", "names", ["a", "b"]),
        ("file: /proc/self/status", "file", "/proc/self/status"),
        ("server: https://here", "server", "https://here"),
        ("brokers: ['[::1]:9092']", "brokers", ["[::1]:9092"]),
        ("by_name: {a: 0.5, b: text}", "by_name", {"a": 0.5, "b": "text"}),
        ("file: null", "file", None),
        ("any_number: null", "any_number", None),
        ("any_number: -1.5", "any_number", -1.5),
        ("mixed: false", "mixed", False),
        ("mixed: /a", "mixed", "/a"),
    ],
)
def test_what_fits_is_taken_as_it_is(older, fields: str, name: str, value: object) -> None:  # type: ignore[no-untyped-def]
    found = getattr(older(fields).runner, name)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("interval: 61", "wca.yaml:2:13: runner.interval (of !Older): a number from 0 to 60 expected, found 61 (int)"),
        ("interval: true", "runner.interval (of !Older): a whole number or a number expected, found True (bool)"),
        ("any_number: one", "runner.any_number (of !Older): a whole number or a number expected, found 'one' (str)"),
        ("mixed: here", "true or false or an absolute path expected"),
        ("by_name: {a: 2}", "runner.by_name.a (of !Older)"),
        ("low: 2", "a number of 3 or more expected"),
        ("names: [a, 1]", "runner.names[1] (of !Older): a text expected, found 1 (int)"),
        ("short: long", "a text of at most 3 characters expected"),
        ("file: here", "an absolute path"),
        ("server: http://here", "a URL https://HOST[:PORT]"),
        ("brokers: [here]", "HOST:PORT"),
        ("ssl: true", "!SSL"),
        ("short: bad", "!Older: short: anything but bad expected"),
        ("other: 1", "!Older has no field 'other'"),
    ],
)
def test_what_does_not_fit_is_refused_with_place_expected_and_found(older, fields: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigurationError) as raised:
        older(fields)

    assert message in str(raised.value)


def test_a_derived_class_has_the_fields_of_both(older) -> None:  # type: ignore[no-untyped-def]
    assert older("interval: 2\nmore: 2", "Younger").runner.interval == 2
    with pytest.raises(ConfigurationError, match="from 1 to 2"):
        older("more: 3", "Younger")


def test_a_class_named_before_it_is_defined_is_checked_and_one_without_types_takes_anything(older) -> None:  # type: ignore[no-untyped-def]
    assert older("later: !Later {anything: [1]}").runner.later.anything == [1]
    with pytest.raises(ConfigurationError, match="later"):
        older("later: 1")


def test_a_number_from_the_environment_is_one_where_no_text_is_taken(older, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("OLDER_NUMBER", "7")

    assert older("interval: !Env OLDER_NUMBER").runner.interval == 7
    assert older("any_number: !Env OLDER_NUMBER").runner.any_number == 7
    assert older("by_name: {a: !Env OLDER_NUMBER}").runner.by_name == {"a": "7"}


@given(
    st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(-10, 10),
    st.integers(-10, 10),
)
def test_a_number_fits_exactly_if_it_is_within_the_bounds(value: float, one: int, other: int) -> None:
    lowest, highest = min(one, other), max(one, other)

    assert fits(value, config.Numeric(lowest, highest)) == (lowest <= value <= highest)


@given(st.text(max_size=10), st.integers(0, 10))
def test_a_text_fits_exactly_if_it_is_not_longer(value: str, longest: int) -> None:
    assert fits(value, config.Str(longest)) == (len(value) <= longest)


@given(st.one_of(st.none(), st.booleans(), st.text(), st.lists(st.integers()), st.binary()))
def test_what_is_no_number_is_refused_as_such_whatever_it_is(value: object) -> None:
    assert not fits(value, config.Numeric(0, 1))
    assert not fits(value, config.Numeric)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (config.Numeric(0, 1), config.Numeric(min_value=0, max_value=1)),
        (config.Numeric(0, 1), config.Numeric(min=0, max=1)),
        (config.Url(path_required=True), config.Url(is_path_obligatory=True)),
        (config.Url(schemes=["https"]), config.Url(supported_schemes=["https"])),
        (config.Path(mode=os.R_OK), config.Path(False, 400, os.R_OK)),
    ],
)
def test_bounds_may_be_given_by_several_names(one: object, other: object) -> None:
    assert one == other


def test_an_unknown_bound_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected arguments: most"):
        config.Numeric(most=1)


def test_a_wrong_part_of_a_value_is_named() -> None:
    with pytest.raises(config.ValidationError, match=r"value\['a'\]\[1\]: a text of at most 2 characters expected"):
        config.assure_type({"a": ["x", "long"]}, dict[str, list[config.Str(2)]])

    assert issubclass(config.ValidationError, config.ConfigLoadError)


def fits(value: object, expected: object) -> bool:
    try:
        config.assure_type(value, expected)
    except config.ValidationError:
        return False
    return True
