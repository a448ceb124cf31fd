"""What is asked of a plugin's fields: they are those that an operator writes in a configuration."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path

from wca_core.config.build import Builder
from wca_core.config.construction import BROKEN
from wca_core.config.dump import text_of
from wca_core.config.loader import load_text
from wca_core.config.problems import Problems
from wca_core.config.signature import parameters_of
from wca_core.config.tree import Mapping as Tree
from wca_core.config.tree import Place, Plain, Scalar, Sequence
from wca_core.config.tree import Tree as AnyTree
from wca_core.errors import ConfigurationError
from wca_core.testing.conformance.check import broken, not_asked
from wca_core.testing.conformance.subject import Subject, scratch
from wca_core.testing.conformance.watch import watching

NOWHERE = Place("conformance.yaml")
UNKNOWN = "no_such_field"
STRANGE: tuple[str, ...] = ("{no such key: [[null]]}", "[[[]], {}]", "'\\u0000 strange'", "-1.5e300", "true")
"""Values of all kinds: hardly a type takes every one."""


def has_fields_that_can_be_read(subject: Subject) -> None:
    """The fields of the class can be found out by its signature."""
    try:
        parameters_of(subject.cls)
    except (TypeError, ValueError) as error:
        broken(f"{subject.place}: {error}: give it an ordinary __init__, or make it a dataclass")


def says_the_type_of_each_field(subject: Subject) -> None:
    """Each field is annotated with a type that a value can be checked against."""
    for one in subject.parameters.values():
        if one.lack:
            broken(f"{subject.place}: field {one.name}: {one.lack}: annotate it, as in `{one.name}: float = 1.0`")


def is_made_from_yaml(subject: Subject) -> None:
    """The given fields written as YAML, and nothing else, make an instance by the way that a configuration takes."""
    with scratch() as folder:
        text = _yaml(subject, subject.given(folder))
        made, why = _made(subject, text)
        if made is BROKEN:
            broken(f"{subject.place} cannot be made of this YAML:\n{text}\n{why}")
        if type(made) is not subject.cls:
            broken(f"{subject.place}: YAML made a {type(made).__name__}: let the class make instances of itself")


def is_made_without_doing_anything(subject: Subject) -> None:
    """Making an instance opens, starts and writes nothing: a configuration is checked without being run."""
    with scratch() as folder:
        given = subject.given(folder)
        before = threading.active_count()
        with watching() as watch:
            kept = subject.made(given)
        seen = [*watch.written, *watch.programs, *watch.signals]
        if threading.active_count() > before:
            seen.append("a thread")
        if seen:
            broken(f"{subject.place}: its constructor did more than keep fields: {seen[0]}; do that in `start`")
        del kept


def refuses_a_field_that_does_not_exist(subject: Subject) -> None:
    """A field that the class does not have is refused by name, so that a slip of the pen is told."""
    if any(one.takes_others for one in subject.parameters.values()):
        not_asked(f"{subject.cls.__name__} takes any field (**)")
    with scratch() as folder:
        made, why = _made(subject, f"{_yaml(subject, subject.given(folder))}{UNKNOWN}: 1\n")
        if made is not BROKEN or UNKNOWN not in why:
            broken(f"{subject.place} takes a field {UNKNOWN!r} that nobody knows; found: {why or 'no error'}")


def refuses_a_value_of_a_wrong_type(subject: Subject) -> None:
    """For each field there are values of a wrong type that are refused, and the message names the field."""
    names = [one.name for one in subject.parameters.values() if not one.takes_others]
    if not names:
        not_asked(f"{subject.cls.__name__} has no field")
    with scratch() as folder:
        given = subject.given(folder)
        for name in names:
            others = {key: value for key, value in given.items() if key != name}
            told = [_made(subject, f"{_yaml(subject, others)}{name}: {value}\n") for value in STRANGE]
            errors = [why for made, why in told if made is BROKEN]
            if not errors:
                broken(f"{subject.place}: field {name} takes whatever it is given: annotate it with the type it needs")
            nameless = [why for why in errors if name not in why]
            if nameless:
                broken(f"{subject.place}: the refusal of a value of {name} does not name the field: {nameless[0]}")


def names_a_field_that_is_missing(subject: Subject) -> None:
    """If one of the given fields is left out and the plugin cannot do without it, the message names that field."""
    if not subject.fields:
        not_asked(f"no field of {subject.cls.__name__} was given")
    with scratch() as folder:
        given = subject.given(folder)
        for name in given:
            made, why = _made(subject, _yaml(subject, {key: value for key, value in given.items() if key != name}))
            if made is BROKEN and name not in why:
                broken(f"{subject.place}: {name} was left out; a message that names it expected, found: {why}")


def _made(subject: Subject, text: str) -> tuple[object, str]:
    """An instance by way of the configuration, or `BROKEN` and what people are told."""
    problems = Problems()
    builder = Builder(_Components(subject), problems)
    tree = load_text(text or "{}", NOWHERE.file)
    assert isinstance(tree, Tree)
    made = builder.component(subject.cls, tree, subject.name, f"plugins.{subject.name}")
    try:
        problems.refuse()
    except ConfigurationError as error:
        return BROKEN, str(error)
    return made, ""


class _Components:
    """Components within the plugin, and the plugin itself, which need not be installed."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def load(self, word: str) -> type:
        return self._subject.cls if word == self._subject.cls.__name__ else self._subject.registry.load(word)

    def is_strict(self, cls: type) -> bool:
        return True


def _yaml(subject: Subject, given: Mapping[str, object]) -> str:
    """The fields as a person would write them. Not asked of a field that YAML cannot write."""
    text = text_of(_tree(subject, dict(given)))
    return "" if text.strip() == "{}" else text


def _tree(subject: Subject, value: object) -> AnyTree:
    if value is None or isinstance(value, str | int | float):
        return Scalar(NOWHERE, None, value)
    if isinstance(value, Path):
        return Scalar(NOWHERE, None, str(value))
    if isinstance(value, list | tuple | set | frozenset):
        return Sequence(NOWHERE, None, [_tree(subject, item) for item in value])
    if isinstance(value, Mapping):
        entries: dict[Plain, AnyTree] = {key: _tree(subject, item) for key, item in value.items()}
        return Tree(NOWHERE, None, entries)
    return _component(subject, value)


def _component(subject: Subject, value: object) -> AnyTree:
    """A component in a field, as its tag with the fields that a dataclass knows of itself."""
    registry = subject.registry
    name = registry.name_of(type(value))
    if not any(offer.is_of(type(value)) for offer in registry.offers):
        not_asked(f"a field holds a {type(value).__name__}, for which YAML has no word: give it plain values")
    if isinstance(value, Enum):
        return Scalar(NOWHERE, name, str(value.value))
    if not is_dataclass(value) or isinstance(value, type):
        not_asked(f"a field holds a {type(value).__name__}, which is no dataclass: what it was made of is not known")
    found = {one.name: getattr(value, one.name) for one in dataclass_fields(value) if one.init}
    return Tree(NOWHERE, name, {key: _tree(subject, item) for key, item in found.items()})


CHECKS = (
    has_fields_that_can_be_read,
    says_the_type_of_each_field,
    is_made_from_yaml,
    is_made_without_doing_anything,
    refuses_a_field_that_does_not_exist,
    refuses_a_value_of_a_wrong_type,
    names_a_field_that_is_missing,
)
