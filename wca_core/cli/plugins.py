"""`wca plugins`: what is installed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from wca_core.cli.table import aligned


def plugins(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what is installed: name, class, package, hooks, and whether it loads."""
    from wca_core.catalogue import Entry, installed

    entries = installed()
    if as_json:
        typer.echo(json.dumps([entry.as_dict() for entry in entries], indent=2))
        return
    typer.echo(aligned([Entry.TITLES, *(entry.as_row() for entry in entries)]))
