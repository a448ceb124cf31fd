"""Types for the fields of components: what a value must be beyond its Python type.

Use them in annotations; a configuration is then refused with place, what is expected and what was found:

>>> @dataclass(eq=False, kw_only=True)
... class Probe:
...     endpoint: Url
...     timeout: Annotated[float, Between(1, 60)] = 5.0

A component made in Python is trusted and not checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from wca_core.known_packages import OLDER_ADVICE, OLDER_METHODS
from wca_core.plugin_api import declared_api, hooks_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

LONGEST = 400
LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


class FieldCheck:
    """A demand on a value whose type is right: metadata for `Annotated`.

    Make your own with `check`, which raises `ValueError` with what is expected ("a port from 1 to 65535").
    """

    def check(self, value: Any) -> None:
        raise NotImplementedError

    def json_schema(self) -> Mapping[str, object]:
        """The same as keywords of JSON Schema, as far as that can say it."""
        return {}

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # only where a configuration is checked

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, object]:
        return {**handler(schema), **self.json_schema()}

    def _checked(self, value: Any) -> Any:
        self.check(value)
        return value


@dataclass(frozen=True, slots=True)
class Between(FieldCheck):
    """A number within bounds, both included; None: no bound."""

    lowest: float | None = None
    highest: float | None = None

    def check(self, value: float) -> None:
        is_low = self.lowest is not None and value < self.lowest
        if is_low or (self.highest is not None and value > self.highest):
            raise ValueError(f"a number {self}")

    def __str__(self) -> str:
        lowest, highest = (f"{bound:.15g}" if bound is not None else "" for bound in (self.lowest, self.highest))
        return (
            f"from {lowest} to {highest}"
            if lowest and highest
            else f"of {lowest or highest} or {'more' if lowest else 'less'}"
        )

    def json_schema(self) -> Mapping[str, object]:
        bounds = {"minimum": self.lowest, "maximum": self.highest}
        return {name: bound for name, bound in bounds.items() if bound is not None}


@dataclass(frozen=True, slots=True)
class Length(FieldCheck):
    """A text that is not longer than this."""

    longest: int = LONGEST

    def check(self, value: str) -> None:
        if len(value) > self.longest:
            raise ValueError(f"a text of at most {self.longest} characters")

    def json_schema(self) -> Mapping[str, object]:
        return {"maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class IsPath(FieldCheck):
    """The path of a file without `..`; `access`: what the agent must be allowed to do with it (`os.R_OK`, ...)."""

    absolute: bool = False
    access: int | None = None
    longest: int = LONGEST

    def check(self, value: str) -> None:
        if not value or len(value) > self.longest or "\0" in value:
            raise ValueError(f"a path of 1 to {self.longest} characters")
        if ".." in value.split("/"):
            raise ValueError("a path without '..'")
        if self.absolute and not value.startswith("/"):
            raise ValueError("an absolute path")
        if self.access is not None and not os.access(value, self.access):
            raise ValueError(f"a path that uid {os.geteuid()} may {_words(self.access)}")

    def json_schema(self) -> Mapping[str, object]:
        return {"minLength": 1, "maxLength": self.longest, **({"pattern": "^/"} if self.absolute else {})}


@dataclass(frozen=True, slots=True)
class IsUrl(FieldCheck):
    """The URL of a server, without user and password."""

    schemes: tuple[str, ...] = ("http", "https")
    path_required: bool = False
    longest: int = LONGEST

    def check(self, value: str) -> None:
        from urllib.parse import urlsplit  # only where a URL is checked

        form = f"a URL {' or '.join(f'{scheme}://HOST[:PORT]' for scheme in self.schemes)}"
        try:
            parts = urlsplit(value)
            is_right = parts.scheme in self.schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right or len(value) > self.longest or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise ValueError(form)
        if parts.username is not None or parts.password is not None:
            raise ValueError("a URL without user and password")
        if self.path_required and not parts.path.strip("/"):
            raise ValueError(f"{form}/PATH")

    def json_schema(self) -> Mapping[str, object]:
        return {"format": "uri", "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class IsIpPort(FieldCheck):
    """`HOST:PORT` or `[IPv6]:PORT`."""

    longest: int = LONGEST

    def check(self, value: str) -> None:
        found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s:\[\]/@]+):([0-9]{1,5})", value, re.ASCII)
        if found is None or not 1 <= int(found[1]) <= 65535 or len(value) > self.longest:
            raise ValueError("HOST:PORT or [IPv6]:PORT with a port from 1 to 65535")

    def json_schema(self) -> Mapping[str, object]:
        return {"pattern": "^.+:[0-9]{1,5}$", "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class IsRegexp(FieldCheck):
    """A regular expression of Python, with exactly this many groups if given."""

    groups: int | None = None

    def check(self, value: str) -> None:
        try:
            found = re.compile(value).groups
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"a regular expression ({error})") from error
        if self.groups is not None and found != self.groups:
            raise ValueError(f"a regular expression with exactly {self.groups} groups")

    def json_schema(self) -> Mapping[str, object]:
        return {"format": "regex"}


@dataclass(frozen=True, slots=True)
class IsLabelName(FieldCheck):
    """The name of a Prometheus label."""

    def check(self, value: str) -> None:
        if not LABEL_NAME.fullmatch(value):
            raise ValueError("a label name (letters, digits, '_'; not starting with a digit or '__')")

    def json_schema(self) -> Mapping[str, object]:
        return {"pattern": f"^{LABEL_NAME.pattern}$"}


@dataclass(frozen=True, slots=True)
class IsFileMode(FieldCheck):
    """The permissions of a file, for its owner, its group and all."""

    def check(self, value: int) -> None:
        if not 0 <= value <= 0o777:
            raise ValueError("permissions such as 0o644, at most 0o777,")

    def json_schema(self) -> Mapping[str, object]:
        return {"minimum": 0, "maximum": 0o777}


@dataclass(frozen=True, slots=True)
class HasHook(FieldCheck):
    """A plugin with this hook; None: with any."""

    hook: str | None = None

    def check(self, value: object) -> None:
        hooks = hooks_of(type(value))
        if not hooks or (self.hook is not None and self.hook not in hooks):
            raise ValueError(
                f"a plugin with the hook {self.hook}{self._hint(type(value))}" if self.hook else "a plugin"
            )

    def _hint(self, cls: type) -> str:
        """What may be missing, above a method of this name or of the one it had in the original WCA."""
        older = OLDER_METHODS.get(self.hook or "")
        cures = [f"@wca_core.hookimpl above its method {self.hook}"] if _has_method(cls, self.hook) else []
        cures += [OLDER_ADVICE] if _has_method(cls, older) and declared_api(cls) is None else []
        return f" ({'; or, '.join(cures)})" if cures else ""

    def json_schema(self) -> Mapping[str, object]:
        """A marker: which classes have the hook is known only to who knows all that is installed."""
        return {"x-wca-hook": self.hook}


Str = Annotated[str, Length()]
Path = Annotated[str, IsPath()]
ReadablePath = Annotated[str, IsPath(absolute=True, access=os.R_OK)]
Url = Annotated[str, IsUrl()]
IpPort = Annotated[str, IsIpPort()]
FileMode = Annotated[int, IsFileMode()]
Regexp = Annotated[str, Length(), IsRegexp()]
LabelName = Annotated[str, Length(), IsLabelName()]

Plugin = Annotated[object, HasHook()]
Node = Annotated[object, HasHook("discover_tasks")]
Storage = Annotated[object, HasHook("store")]
Detector = Annotated[object, HasHook("detect")]
Allocator = Annotated[object, HasHook("allocate")]


def _has_method(cls: type, name: str | None) -> bool:
    return name is not None and callable(getattr(cls, name, None))


def _words(access: int) -> str:
    names = {os.R_OK: "read", os.W_OK: "write", os.X_OK: "run"}
    return " and ".join(word for flag, word in names.items() if access & flag) or "see"
