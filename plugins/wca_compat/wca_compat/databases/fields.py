"""What the fields of databases that are asked over the network must be, and whether their library is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated
from urllib.parse import urlsplit

from wca_core.config.field_types import Between, FieldCheck, Str
from wca_core.errors import ConfigurationError

LONGEST_WAIT = 60.0
"""Seconds, where no time-out is wanted."""


@dataclass(frozen=True, slots=True)
class IsHost(FieldCheck):
    """A server as `HOST`, `HOST:PORT`, or, where schemes are known, a URL of one without a path."""

    schemes: tuple[str, ...] = ()

    def check(self, value: str) -> None:
        forms = ("HOST", "HOST:PORT", *(f"{scheme}://HOST[:PORT]" for scheme in self.schemes))
        if not self._is_right(value):
            raise ValueError(" or ".join(forms))

    def _is_right(self, value: str) -> bool:
        scheme, separator, rest = value.rpartition("://")
        if (separator and scheme not in self.schemes) or not re.fullmatch(r"[^\s/?#@,]+/?", rest):
            return False
        try:
            parts = urlsplit(f"//{rest}")
            return bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False


Timeout = Annotated[float, Between(1, LONGEST_WAIT)]
Host = Annotated[Str, IsHost()]
HttpHost = Annotated[Str, IsHost(("http", "https"))]


def check_hosts(hosts: Sequence[str]) -> None:
    """Raises `ConfigurationError` if there are none; a text is no list, though it is a sequence."""
    if isinstance(hosts, str) or not hosts:
        raise ConfigurationError(f"hosts: a list of at least one server expected, found {hosts!r}")


def check_library(module: str, component: str, extra: str) -> None:
    """Raises `ConfigurationError` with what to install. Nothing is imported: that is left to who connects."""
    if find_spec(module) is None:
        raise ConfigurationError(f"{component} needs {module}: pip install wca-compat[{extra}]")
