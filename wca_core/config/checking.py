"""Checks the value of a field against the type of its annotation, strictly: `"1"` is no number and `yes` no boolean.

Some values may still become what the type asks for, because YAML has no other way to write it:

| written | wanted |
|---|---|
| the text of an environment variable | a number or boolean, where no text is taken |
| the exact value of a member | an enum |
| a list | a tuple or set |
| a text | a `pathlib.Path` |
"""

from __future__ import annotations

import collections.abc
import enum
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError, create_model
from pydantic_core import ErrorDetails

from wca_core.config.field_types import HasHook
from wca_core.config.masking import EnvText, shown
from wca_core.config.misfit import Misfit, MisfitsError, UncheckableError

STRICT = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)

EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "none_required": "null",
}

ITERABLES = (collections.abc.Iterable, collections.abc.Collection, collections.abc.Iterator)

ENV_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def checked(value: object, hint: object, names: tuple[str, ...] = ()) -> object:
    """The value as the type wants it. Raises `MisfitsError`, or `UncheckableError` for a strange annotation.

    `names`: of the fields it stands in, to know a secret.
    """
    model = model_of(hint)
    try:
        return getattr(model(value=value), "value")  # noqa: B009  the model is made at run time
    except ValidationError as error:
        raise MisfitsError(list(_misfits(error.errors(), value, names))) from error
    except Exception as error:  # a `FieldCheck` is code of a third party
        raise UncheckableError(f"its check raised {type(error).__name__}: {error}") from error


def plugged(value: object, hint: object, as_plugin: Callable[[object], object]) -> object:
    """The value with plugins instead of what could be one, where the type wants plugins."""
    if not _wants_plugins(hint):
        return value
    if isinstance(value, list):
        return [as_plugin(item) for item in value]
    return as_plugin(value)


def _wants_plugins(hint: object) -> bool:
    if any(isinstance(demand, HasHook) for demand in getattr(hint, "__metadata__", ())):
        return True
    return any(map(_wants_plugins, get_args(hint)))


def model_of(hint: object) -> type[BaseModel]:
    """A model with one field `value` of this type. Raises `UncheckableError`."""
    try:
        return _kept_model(hint)
    except TypeError:  # metadata that cannot be hashed
        return _model(hint)


def _model(hint: object) -> type[BaseModel]:
    try:
        field = cast("Any", _lenient(hint))
        model: type[BaseModel] = create_model("Field", __config__=STRICT, value=(field, ...))
    except Exception as error:
        raise UncheckableError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return model


_kept_model = cache(_model)


def _lenient(hint: Any, *, beside_text: bool = False) -> Any:
    """The same type, whose parts also take what they can be made of. `beside_text`: a text would be taken as it is."""
    hint = _meant(hint)
    made = _made_of(hint, beside_text)
    if made is not None:
        return Annotated[hint if get_origin(hint) is None else _generic(hint), BeforeValidator(made)]
    if isinstance(hint, type) and is_dataclass(hint) and not hasattr(hint, "__get_pydantic_core_schema__"):
        return cast("Any", InstanceOf)[hint]  # a component that is made already, not a mapping to make one of
    origin, arguments = get_origin(hint), tuple(map(_meant, get_args(hint)))
    if origin is Annotated:
        return Annotated[(_lenient(arguments[0], beside_text=beside_text), *hint.__metadata__)]
    if origin in (Union, types.UnionType):
        takes_text = any(argument is str or get_args(argument)[:1] == (str,) for argument in arguments)
        return Union[tuple(_lenient(argument, beside_text=takes_text) for argument in arguments)]  # noqa: UP007
    if origin is None or origin is Literal or not arguments:
        return hint
    return _generic(hint)


def _meant(hint: Any) -> Any:
    """The type that a class stands for by its attribute `__stands_for__`; any other one as it is."""
    return getattr(hint, "__stands_for__", hint)


def _generic(hint: Any) -> Any:
    arguments = tuple(argument if argument is Ellipsis else _lenient(argument) for argument in get_args(hint))
    origin = get_origin(hint)
    return (list if origin in ITERABLES else origin)[arguments]  # pydantic would look at items when they are used


def _made_of(hint: Any, beside_text: bool) -> Callable[[object], object] | None:
    """What makes a value of this type of something else; None if nothing does."""
    if hint in (int, float, bool):
        return None if beside_text else partial(_of_env, hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return partial(_member, hint)
    collection = get_origin(hint) or hint
    if collection in (tuple, set, frozenset):
        return partial(_converted, list, collection)
    return partial(_converted, str, Path) if hint is Path else None


def _converted(written: type, wanted: type, value: object) -> object:
    """A value made of what can be written; the value itself if that cannot be done."""
    with suppress(TypeError, ValueError):
        return wanted(value) if isinstance(value, written) else value
    return value


def _of_env(wanted: type, value: object) -> object:
    """What the text of an environment variable means as a number or boolean; the text if it means nothing."""
    if not isinstance(value, EnvText):
        return value
    try:
        return ENV_BOOLEANS.get(value.lower(), value) if wanted is bool else wanted(value)
    except ValueError:
        return value


def _member(wanted: type[enum.Enum], value: object) -> object:
    for member in wanted:
        if value is member or (type(value) in (str, int, EnvText) and str(value) == str(member.value)):
            return member
    raise ValueError(" or ".join(repr(member.value) for member in wanted))


def _misfits(errors: list[ErrorDetails], value: object, names: tuple[str, ...]) -> Iterator[Misfit]:
    """One for each part that does not fit; the alternatives of a union together."""
    by_path: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(_data_path(error["loc"][1:], value), []).append(error)
    for path, together in by_path.items():
        is_key = together[0]["loc"][-1] == "[key]"
        expected = " or ".join(dict.fromkeys(map(_expectation, together)))
        found = shown(together[0]["input"], () if is_key else (*names, *path))
        yield Misfit(path, f"as key {expected}" if is_key else expected, found)


def _expectation(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in EXPECTED:
        return EXPECTED[kind]
    if kind == "value_error":
        return str(context["error"])
    if kind == "is_instance_of":
        return f"!{context['class']}" if str(context["class"])[:1].isupper() else f"a {context['class']}"
    if kind == "literal_error":
        return str(context["expected"])
    message = error["msg"].removeprefix("Input should be ")
    return message[:1].lower() + message[1:]


def _data_path(location: tuple[int | str, ...], value: Any) -> tuple[int | str, ...]:
    """The part of pydantic's location that leads into the data; the rest names alternatives of a union."""
    path: list[int | str] = []
    for step in location:
        is_item = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if is_item or (isinstance(value, Mapping) and step in value):
            value = value[step]
            path.append(step)
    return tuple(path)
