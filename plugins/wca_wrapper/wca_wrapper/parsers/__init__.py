"""Which parsers there are: entry points of the group `wca.parsers`, one file each here; other packages add more."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from importlib import metadata

from wca_core.errors import ConfigurationError, PluginError
from wca_wrapper.parsers.contract import Parser
from wca_wrapper.parsers.function_style import FunctionParser

GROUP = "wca.parsers"


def parser_names() -> list[str]:
    return sorted({point.name for point in metadata.entry_points(group=GROUP)})


def made_parser(name: str, given: Mapping[str, object], further: Mapping[str, object] | None = None) -> Parser:
    """A parser made with what is given, and with options that only some take (None: not asked for).

    Raises `ConfigurationError`, also for an option that this parser does not have, and `PluginError`.
    """
    found = _loaded(name)
    wanted = {option: value for option, value in (further or {}).items() if value is not None}
    if inspect.isfunction(found):
        taken: set[str] = set()
    elif isinstance(found, type):
        taken = set(inspect.signature(found).parameters)
    else:
        raise PluginError(f"parser {name!r}: a class or a function expected, found {type(found).__name__}")
    for option in wanted.keys() - taken:
        raise ConfigurationError(f"{option}: the parser {name!r} has no such option")
    if inspect.isfunction(found):
        return FunctionParser(found, **given)
    made = found(**given, **wanted)
    if not isinstance(made, Parser):
        raise PluginError(f"parser {name!r}: {found.__module__}:{found.__qualname__} needs methods feed and end")
    return made


def _loaded(name: str) -> object:
    points = metadata.entry_points(group=GROUP, name=name)
    if not points:
        close = difflib.get_close_matches(name, parser_names(), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ConfigurationError(f"parser {name!r} is not installed; there are {', '.join(parser_names())}{hint}")
    if len({point.value for point in points}) > 1:
        raise PluginError(
            f"several packages offer a parser {name!r}: {' and '.join(sorted(point.value for point in points))}; "
            "uninstall all but one"
        )
    try:
        return next(iter(points)).load()
    except Exception as error:
        raise PluginError(f"parser {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
