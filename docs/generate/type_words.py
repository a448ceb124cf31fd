"""What a field takes, in the words that the errors of a configuration use, made from its annotation."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import pathlib
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wca_core.config.field_types import LONGEST, Between, HasHook, IsPath, IsRegexp, IsUrl, Length
from wca_core.plugin_api import hooks_of

PLAIN: dict[object, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    types.NoneType: "null",
    pathlib.Path: "path",
    object: "anything",
    Any: "anything",
    dict: "mapping",
    list: "list",
}
LISTS = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable)
MAPPINGS = (dict, collections.abc.Mapping)

TagsOf = Callable[[Callable[[type], bool]], str]
"""Names, as Markdown, the components whose class passes a test."""


def type_words(hint: object, tags_of: TagsOf) -> str:
    """Raises `TypeError` for a type nobody has put into words yet."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is Annotated:
        return _demand(arguments[0], arguments[1:], tags_of)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_words(one, tags_of) for one in arguments if one is not types.NoneType))
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin in LISTS:
        return f"list of {_plural(type_words(arguments[0], tags_of))}"
    if origin in MAPPINGS:
        key, value = (type_words(one, tags_of) for one in arguments)
        return f"mapping of {_plural(key)} to {_plural(value)}"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return " or ".join(f"`{member.value}`" for member in hint)
    if isinstance(hint, type):
        return tags_of(lambda cls: issubclass(cls, hint))
    raise TypeError(f"no words for {hint!r}: add them to {__name__}")


def _demand(hint: object, checks: tuple[object, ...], tags_of: TagsOf) -> str:
    """A type with what is demanded beyond it. Length alone is the rule, so it is not told."""
    words = type_words(hint, tags_of) if hint is not object else ""
    for check in checks:
        if isinstance(check, HasHook):
            words = tags_of(lambda cls, hook=check.hook: _has_hook(cls, hook))  # type: ignore[misc]
        elif isinstance(check, Between):
            words = f"{words.replace('whole number or number', 'number')} {check}"
        elif isinstance(check, Length):
            words += "" if check.longest == LONGEST else f" of at most {check.longest} characters"
        elif isinstance(check, IsPath):
            words = "absolute path" if check.absolute else "path"
            words += " of a file that the agent may read" if check.access else ""
        elif isinstance(check, IsRegexp):
            words = "regular expression" + (f" with {check.groups} groups" if check.groups is not None else "")
        elif isinstance(check, IsUrl):
            words = f"URL ({' or '.join(check.schemes)}){' with a path' if check.path_required else ''}"
        else:
            words = _first_words(check)
    return words


def _has_hook(cls: type, hook: str | None) -> bool:
    return hook in hooks_of(cls) if hook else bool(hooks_of(cls))


def _first_words(check: object) -> str:
    """What the author of a check says it demands."""
    sentence = inspect.cleandoc(type(check).__doc__ or type(check).__name__).partition(".")[0]
    words = " ".join(sentence.split()).removeprefix("The ").removeprefix("A ")
    return words if words.startswith("`") else words[:1].lower() + words[1:]


def _plural(words: str) -> str:
    """Of the alternatives that are words of ours; `!Tags` stay."""
    plurals = {"text": "texts", "whole number": "whole numbers", "number": "numbers", "path": "paths"}
    return " or ".join(plurals.get(one, one) for one in words.split(" or "))
