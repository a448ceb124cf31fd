"""Commands of other packages: entry points of the group `wca.commands`, imported only when they are called.

| the entry point names | `wca NAME` is |
|---|---|
| a typer application with several commands | `wca NAME COMMAND` |
| one with a single command | that command |
| a function | a command with its parameters |

The commands of `wca` itself cannot be taken.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Sequence

import typer

from wca_core.cli.table import aligned


def call(name: str, arguments: Sequence[str]) -> None:
    """Call the command of another package and end the process; returns if nobody knows the name."""
    from wca_core.errors import PluginError

    try:
        application = _application(name)
    except PluginError as error:
        typer.echo(f"wca: {error}", err=True)
        raise SystemExit(1) from error
    if application is not None:
        gc.freeze()
        gc.enable()
        application(args=list(arguments), prog_name=f"wca {name}")


def listing(own: Collection[str]) -> str | None:
    """The commands of other packages, for the help; none of them is imported."""
    from wca_core.registry import Registry, summary

    offers = Registry().commands
    if not offers:
        return None
    claims = [offer.name for offer in offers]
    rows = []
    for offer in offers:
        if offer.name in own:
            what = "cannot be called: wca has a command of that name"
        elif claims.count(offer.name) > 1:
            what = "cannot be called: several packages offer it"
        else:
            what = summary(offer.package)
        rows.append((offer.name, offer.package, what))
    return f"Of other packages:\n\n\b\n{aligned(rows)}"


def _application(name: str) -> typer.Typer | None:
    """Raises `PluginError` for one that cannot be called."""
    from wca_core.errors import PluginError
    from wca_core.registry import Registry

    found = Registry().command(name)
    if found is None or isinstance(found, typer.Typer):
        return found
    if not callable(found):
        raise PluginError(f"command {name!r}: a typer application or function expected, found {type(found).__name__}")
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    application.command(name)(found)
    return application
