"""What a plugin author may use of a class: its fields, properties and methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import wca_core
from wca_core.config.descriptions import field_descriptions


def class_lines(cls: type) -> Iterator[str]:
    """Markdown: a heading, the docstring, a table of the public members."""
    home = "wca_core" if cls.__name__ in wca_core.__all__ else cls.__module__
    yield f"### {cls.__name__}\n"
    yield f"`from {home} import {cls.__name__}`\n"
    yield f"{inspect.cleandoc(cls.__doc__ or '')}\n"
    rows = [(name.replace("|", "\\|"), meaning.replace("|", "\\|")) for name, meaning in _members(cls)]
    if rows:
        yield "| member | meaning |"
        yield "|---|---|"
        yield from (f"| `{name}` | {meaning} |" for name, meaning in rows)
        yield ""


def _members(cls: type) -> Iterator[tuple[str, str]]:
    """Public ones with the first paragraph about each, in the order of the class."""
    meanings, annotations = field_descriptions(cls), inspect.get_annotations(cls)
    for name, annotation in annotations.items():
        if not name.startswith("_"):
            yield f"{name}: {annotation}", meanings.get(name, "")
    for name, member in vars(cls).items():
        if not name.startswith("_") and name not in annotations:
            yield from _member(cls, name, member)


def _member(cls: type, name: str, member: object) -> Iterator[tuple[str, str]]:
    text = " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split())
    if isinstance(member, property) and member.fget is not None:
        yield f"{name}: {inspect.signature(member.fget).return_annotation}", text
    elif isinstance(member, cached_property):
        yield f"{name}: {inspect.signature(member.func).return_annotation}", text
    elif inspect.isfunction(member):
        yield f"{name}{_as_called(member)}", text
    elif isinstance(member, classmethod):
        yield f"{cls.__name__}.{name}{_as_called(member.__func__)}", text


def _as_called(function: Callable[..., Any]) -> str:
    """The signature without `self`."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    return str(signature.replace(parameters=own)).replace("'", "")
