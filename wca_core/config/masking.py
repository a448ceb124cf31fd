"""Values for people to read: short, and without secrets.

| hidden | by what |
|---|---|
| the value of a field, and all within it | its name, with password, token, secret or key; not if marked `NoSecret` |
| a value | its origin: an environment variable |
| user and password in a URL | their place, from `://` to the last `@`: in a wrong URL the password may have one too |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

LONGEST = 80
HIDDEN = "***"

_SECRET = re.compile(r"password|token|secret|key", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://).+(?=@)", re.DOTALL)
_LOGIN = re.compile(r"\A(?!.*://)[^/@:]*:.+(?=@)", re.DOTALL)
"""The same where the scheme is missing: `user:password@host`."""


@dataclass(frozen=True, slots=True)
class NoSecret:
    """Metadata for `Annotated`: the values of such a field are shown, whatever its name."""


class EnvText(str):
    """The value of an environment variable: never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


def is_secret(name: object) -> bool:
    """Whether a field of this name holds a secret, and not only the path of one."""
    return isinstance(name, str) and bool(_SECRET.search(name)) and not name.endswith("_path")


def known_name(name: str, hint: object) -> str:
    """The name of a field as far as it tells that there is a secret; empty if the field's type says that there is none.

    `hint`: the type, with its metadata; parts of a union count.
    """
    parts = (hint, *get_args(hint))
    is_none = any(isinstance(mark, NoSecret) for part in parts for mark in getattr(part, "__metadata__", ()))
    return "" if is_none else name


def without_login(text: str) -> str:
    """A text without the user and password in its URL, or before its `@` if it has none."""
    return _LOGIN.sub(HIDDEN, _USER_INFO.sub(HIDDEN, text))


def masked(value: object, name: object = None) -> object:
    """A value as it may be shown: secrets are replaced, and components by their type; `name`: of its field."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {
            masked(key) if isinstance(key, str) else key: masked(item, key if is_secret(key) else name)
            for key, item in value.items()
        }
    if isinstance(value, EnvText) or is_secret(name):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return _USER_INFO.sub(HIDDEN, value)
    return value if isinstance(value, int | float) else type(value).__name__


def shown(value: object, names: Iterable[object] = ()) -> str:
    """A value and its type in at most 80 characters; `names`: of the fields it stands in, from the outside in."""
    if value is None:
        return "null"
    safe = masked(value, next(filter(is_secret, names), None))
    safe = without_login(safe) if isinstance(safe, str) else safe
    kind = "str" if isinstance(value, EnvText) else type(value).__name__
    if not isinstance(value, str | int | float | list | tuple | Mapping):
        return kind
    try:
        text = HIDDEN if safe == HIDDEN else repr(safe)
    except ValueError:  # an integer of more digits than Python prints
        text = "a number of too many digits"
    return f"{text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'} ({kind})"


class Secrets:
    """The secrets of one configuration, to keep them out of messages that others wrote."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def note(self, value: object, name: str = "") -> None:
        """Remember a value, and all within it, if it is secret by its name or origin."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                self.note(item, key if is_secret(key) else name)
        elif isinstance(value, list | tuple):
            for item in value:
                self.note(item, name)
        elif isinstance(value, EnvText) or (isinstance(value, str) and is_secret(name)):
            self._add(str(value))
        elif isinstance(value, str):
            for user_info in (*_USER_INFO.findall(value), *_LOGIN.findall(value)):
                self._add(user_info)

    def _add(self, text: str) -> None:
        self._texts |= {text, repr(text)[1:-1]}

    def noted(self, value: object) -> object:
        """The same value, remembered."""
        self.note(value)
        return value

    def masked(self, message: str) -> str:
        """A message without the secrets; those of one or two characters are too common to be replaced."""
        for text in sorted(self._texts, key=len, reverse=True):
            message = message.replace(text, HIDDEN) if len(text) > 2 else message
        return message
