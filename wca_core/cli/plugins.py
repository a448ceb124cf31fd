"""`wca plugins`: what is installed."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def plugins(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what is installed: name, class, package, hooks, and whether it loads."""
    from wca_core.catalogue import Entry, installed

    entries = installed()
    if as_json:
        typer.echo(json.dumps([entry.as_dict() for entry in entries], indent=2))
        return
    rows = [Entry.TITLES, *(entry.as_row() for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
