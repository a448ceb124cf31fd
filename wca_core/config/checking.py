"""Checks the value of a field against the type of its annotation, strictly: `"1"` is no number and `yes` no boolean.

Two things may still become what the type asks for: the text of an environment variable, which can be nothing
but text, and the exact value of an enum's member.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError, create_model
from pydantic_core import ErrorDetails

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

ENV_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def checked(value: object, hint: object, names: tuple[str, ...] = ()) -> object:
    """The value as the type wants it. Raises `MisfitsError`, or `UncheckableError` for a strange annotation.

    `names`: of the fields it stands in, to know a secret.
    """
    try:
        return getattr(model_of(hint)(value=value), "value")  # noqa: B009  the model is made at run time
    except ValidationError as error:
        raise MisfitsError(list(_misfits(error.errors(), value, names))) from error


@cache
def model_of(hint: object) -> type[BaseModel]:
    """A model with one field `value` of this type. Raises `UncheckableError`."""
    try:
        field = cast("Any", _lenient(hint))
        model: type[BaseModel] = create_model("Field", __config__=STRICT, value=(field, ...))
    except Exception as error:
        raise UncheckableError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return model


def _lenient(hint: Any) -> Any:
    """The same type, whose numbers, booleans and enums also take what they can be made of."""
    if hint in (int, float, bool):
        return Annotated[hint, BeforeValidator(lambda value: _of_env(hint, value))]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return Annotated[hint, BeforeValidator(lambda value: _member(hint, value))]
    if isinstance(hint, type) and is_dataclass(hint):
        return cast("Any", InstanceOf)[hint]  # a component that is made already, not a mapping to make one of
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_lenient(arguments[0]), *hint.__metadata__)]
    if origin in (Union, types.UnionType):
        return Union[tuple(map(_lenient, arguments))]  # noqa: UP007  made at run time
    if origin is None or origin is Literal or not arguments:
        return hint
    return origin[tuple(argument if argument is Ellipsis else _lenient(argument) for argument in arguments)]


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
        if value is member or (type(value) in (str, EnvText) and value == member.value):
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
        return f"a {context['class']}"
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
