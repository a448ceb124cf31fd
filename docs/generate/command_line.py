"""The page of the command line: what the typer app declares, command by command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from wca_core import cli
from wca_core.registry import Registry

BAR = "\\|"
"""What does not end a cell of a table."""


def page(registry: Registry) -> str:
    """Markdown, without the title of the page."""
    lines = [_exit_codes(), "", *_of_app(cli.app, "wca")]
    for offer in registry.commands:
        lines += _of_package(f"wca {offer.name}", registry.command(offer.name), offer.package)
    return "\n".join(lines)


def _of_package(name: str, command: object, package: str) -> Iterator[str]:
    """A command that a package adds: an application, one with a single command, or a function."""
    app = command if isinstance(command, typer.Typer) else typer.Typer()
    if callable(command) and not isinstance(command, typer.Typer):
        app.command()(command)
    first = app.registered_commands[0].callback if app.registered_commands else None
    is_single = len(app.registered_commands) == 1 and not app.registered_groups and app.registered_callback is None
    title, *rest = _command(first, name) if is_single and first is not None else _of_app(app, name)
    yield title
    yield f"Of the package {package}.\n"
    yield from rest


def _exit_codes() -> str:
    """The table in the docstring of the command."""
    return "\n".join(line for line in inspect.cleandoc(cli.__doc__ or "").splitlines() if line.startswith("|"))


def _of_app(app: typer.Typer, name: str) -> Iterator[str]:
    if app.registered_callback is not None and app.registered_callback.callback is not None:
        yield from _command(app.registered_callback.callback, name)
    for command in app.registered_commands:
        assert command.callback is not None
        if not command.hidden:
            yield from _command(command.callback, f"{name} {command.name or _dashed(command.callback.__name__)}")
    for group in app.registered_groups:
        if group.typer_instance is not None and not group.hidden:
            own = group.name if isinstance(group.name, str) else group.typer_instance.info.name
            yield from _of_app(group.typer_instance, f"{name} {own}")


def _command(function: Callable[..., Any], name: str) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{inspect.getdoc(function)}\n"
    rows = list(_rows(function))
    if rows:
        yield "| option | meaning |"
        yield "|---|---|"
        yield from (f"| {option.replace('|', BAR)} | {meaning.replace('|', '/')} |" for option, meaning in rows)
        yield ""


def _rows(function: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        for info in getattr(hints[parameter.name], "__metadata__", ()):
            if isinstance(info, OptionInfo | ArgumentInfo) and not info.hidden:
                yield _names(parameter.name, info), " ".join([*_meaning(info, parameter.default)])


def _names(name: str, info: OptionInfo | ArgumentInfo) -> str:
    value = f" {info.metavar}" if info.metavar else ""
    if isinstance(info, ArgumentInfo):
        return f"`{value.strip() or name.upper()}`"
    declared = [one for one in (info.default, *(info.param_decls or ())) if isinstance(one, str)]
    names = declared or [f"--{_dashed(name)}"]
    return ", ".join(f"`{one}{value if number == 0 else ''}`" for number, one in enumerate(names))


def _meaning(info: OptionInfo | ArgumentInfo, default: object) -> Iterator[str]:
    yield info.help or ""
    if info.min is not None and info.max is not None:
        yield f"From {info.min:g} to {info.max:g}."
    elif info.min is not None:
        yield f"At least {info.min:g}."
    if default not in (None, False, "", inspect.Parameter.empty):
        yield f"Default: `{default}`."


def _dashed(name: str) -> str:
    return name.replace("_", "-")
