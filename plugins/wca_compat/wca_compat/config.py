"""`wca.config`: types for the fields of components, registration, and what is raised for a wrong value.

A type is used in an annotation, called or not: `interval: Numeric(0, 60) = 1.0`, `names: List[Str]`. Called, it gives
the type of ours with those bounds; as it stands it means that with the default ones, and so does a subclass of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from wca_core.config.field_types import LONGEST, Between, IsIpPort, IsPath, IsUrl, Length
from wca_core.errors import ConfigurationError
from wca_core.registration import register

__all__ = [
    "ConfigLoadError",
    "IpPort",
    "Numeric",
    "Path",
    "Str",
    "Url",
    "ValidationError",
    "assure_type",
    "register",
]

ConfigLoadError = ConfigurationError
"""A configuration that cannot be loaded; raised by a constructor, it is told with the place in the file."""


class ValidationError(ConfigLoadError):
    """A value that does not fit its type."""


def _renamed(given: dict[str, Any], synonyms: dict[str, Any]) -> list[Any]:
    """Values under their second names go over those under the first."""
    unknown = synonyms.keys() - given.keys()
    if unknown:
        raise TypeError(f"unexpected arguments: {', '.join(sorted(unknown))}")
    return [synonyms.get(name, value) for name, value in given.items()]


if TYPE_CHECKING:
    Str = Path = Url = IpPort = Numeric = Any
else:

    class Str:
        """A text of at most `max_size` characters."""

        def __new__(cls, max_size: int = LONGEST) -> Any:
            return Annotated[str, Length(max_size)]

    class Numeric:
        """A number, whole or not, from `min` to `max`, both included; None: no bound."""

        def __new__(cls, min: float | None = None, max: float | None = None, **synonyms: float | None) -> Any:
            lowest, highest = _renamed({"min_value": min, "max_value": max}, synonyms)
            if lowest is None and highest is None:
                return int | float
            return Annotated[int | float, Between(lowest, highest)]

    class Path:
        """The path of a file; `mode`: what the agent must be allowed to do with it (`os.R_OK`, ...)."""

        def __new__(cls, absolute: bool = False, max_size: int = LONGEST, mode: int | None = None) -> Any:
            return Annotated[str, IsPath(absolute=absolute, access=mode, longest=max_size)]

    class Url:
        """The URL of a server; `path_required`: with a path behind it."""

        def __new__(
            cls,
            path_required: bool = False,
            max_size: int = LONGEST,
            schemes: Any = ("http", "https"),
            **synonyms: Any,
        ) -> Any:
            is_required, known = _renamed({"is_path_obligatory": path_required, "supported_schemes": schemes}, synonyms)
            return Annotated[
                str, IsUrl(schemes=tuple(known or ("http", "https")), path_required=is_required, longest=max_size)
            ]

    class IpPort:
        """`HOST:PORT` or `[IPv6]:PORT`."""

        def __new__(cls, max_size: int = LONGEST) -> Any:
            return Annotated[str, IsIpPort(longest=max_size)]

    for _word in (Str, Numeric, Path, Url, IpPort):
        _word.__stands_for__ = _word()


def assure_type(value: object, expected_type: object) -> None:
    """Raises `ValidationError` if a value is not of a type, which may be any annotation."""
    from wca_core.config.checking import checked  # 70 ms to import
    from wca_core.config.misfit import MisfitsError, UncheckableError

    try:
        checked(value, expected_type)
    except MisfitsError as error:
        raise ValidationError("; ".join(map(_placed, error.misfits))) from error
    except UncheckableError as error:
        raise ValidationError(f"a value cannot be checked against {expected_type!r}: {error}") from error


def _placed(misfit: Any) -> str:
    """With the way to the part of the value that is wrong."""
    path = "".join(f"[{step!r}]" for step in misfit.path)
    return f"value{path}: {misfit}"
