"""`wca metrics`: every metric that what is installed can yield."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from wca_core.cli.table import aligned


def metrics(
    pattern: Annotated[
        str | None, typer.Argument(metavar="[PATTERN]", help="Only these, such as 'task_mem_*'.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables in Markdown, by plugin.")] = False,
) -> None:
    """List the metrics of all installed plugins: name, type, unit, levels, plugin, meaning."""
    from fnmatch import fnmatchcase

    from wca_core.metric_catalogue import Described, as_markdown, described

    found, silent = described()
    shown = [one for one in found if pattern is None or fnmatchcase(one.metric.name, pattern)]
    if markdown:
        typer.echo(as_markdown(shown))
    elif as_json:
        typer.echo(json.dumps([one.as_dict() for one in shown], indent=2))
    else:
        typer.echo(aligned([Described.TITLES, *(one.as_row() for one in shown)]))
    for one in silent:
        typer.echo(f"wca: plugin {one.plugin} cannot be asked: {one.reason}", err=True)
