"""`wca plugin`: for those who write plugins."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wca_core.plugin_check import Report, Target
    from wca_core.scaffold import Order

app = typer.Typer(
    name="plugin",
    help="Begin a plugin of your own, and check one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the package and its plugin, such as acme-detector.")],
    kind: Annotated[str, typer.Option(metavar="detector|allocator|collector|storage|node", help="What it does.")],
    directory: Annotated[str, typer.Option(metavar="DIR", help="Where its folder is made.")] = ".",
    licence: Annotated[
        str,
        typer.Option("--licence", "--license", metavar="apache-2.0|mit|bsd-3-clause|gpl-3.0|none", help="Its terms."),
    ] = "apache-2.0",
    author: Annotated[str, typer.Option(metavar="'NAME <EMAIL>'", help="Who holds the copyright.")] = "",
) -> None:
    """Write a package with a plugin that works, its tests, a README and continuous integration."""
    from pathlib import Path

    from wca_core.errors import WcaError
    from wca_core.scaffold import KINDS, LICENCES, Names, Order, written

    _check_word(kind, KINDS, "--kind")
    _check_word(licence, tuple(LICENCES), "--licence")
    if not os.path.isdir(directory):
        raise typer.BadParameter(f"{directory}: a directory expected", param_hint="--directory")
    try:
        order = Order(Names.of(name, kind), kind, licence, author)
        folder = written(order, Path(directory))
    except WcaError as error:
        typer.echo(f"wca: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo("\n".join(_next_steps(order, os.path.normpath(folder))))


@app.command()
def check(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="Of an installed plugin; or a folder with pyproject.toml, file.py:Class, module:Class.",
        ),
    ],
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="A field that it is made with; the value is YAML. Repeatable."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a plugin whether it keeps what every plugin must: exit code 0 if it does, 1 if not, 2 if it was not asked."""
    from wca_core.errors import WcaError
    from wca_core.plugin_check import asked, targets_of

    try:
        targets = targets_of(what)
    except WcaError as error:
        typer.echo(f"wca: {error}", err=True)
        raise typer.Exit(2) from error
    reports = [asked(target, _fields_of(target, targets, fields or [])) for target in targets]
    typer.echo(_json(reports) if as_json else "\n\n".join("\n".join(report.lines()) for report in reports))
    raise typer.Exit(max(report.exit_code for report in reports))


def _check_word(word: str, known: tuple[str, ...], option: str) -> None:
    if word not in known:
        raise typer.BadParameter(f"one of {', '.join(known)} expected, found {word!r}", param_hint=option)


def _next_steps(order: Order, folder: str) -> list[str]:
    from wca_core.scaffold import next_steps

    commands = next_steps(order, folder, is_root=os.geteuid() == 0)
    names = order.names
    title = f"{folder}: the plugin {names.package}, which is {names.class_name} in {names.module}.{order.kind}. Next:"
    return [title, "", *(f"  {command}" for command in commands)]


def _fields_of(target: Target, targets: list[Target], texts: list[str]) -> list[str]:
    """Those meant for one plugin: where there are several, `PLUGIN.FIELD=VALUE` is for that one alone."""
    names = {one.name for one in targets}
    mine = []
    for text in texts:
        owner, dot, rest = text.partition(".")
        if dot and owner in names and "=" not in owner:
            mine += [rest] if owner == target.name else []
        else:
            mine.append(text)
    return mine


def _json(reports: list[Report]) -> str:
    return json.dumps({"plugins": [report.as_dict() for report in reports]}, indent=2)
