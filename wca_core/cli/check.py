"""`wca check`: is a configuration right, and what would run? Opens nothing, connects nowhere, needs no root."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from wca_core.cli.options import Config, LogLevel, Plugins, Register, Set, Strict, Without, configured, prepared


def check(
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of all configurations, for editors, and exit.")
    ] = False,
    strict_config: Strict = False,
    log_level: LogLevel = None,
) -> None:
    """Check a configuration and print what would run, with all defaults. Log records go to standard error."""
    if schema:
        _print_schema(register, log_level)
        return
    with redirect_stdout(sys.stderr), prepared(log_level or ["warning"], register):
        from wca_core.outline import outline

        text = outline(configured(config, plugins, overrides, without, strict_config))
    typer.echo(text)


def _print_schema(register: list[str] | None, log_level: list[str] | None) -> None:
    with redirect_stdout(sys.stderr), prepared(log_level or ["warning"], register):
        from wca_core.schema import configuration_schema

        text = json.dumps(configuration_schema(), indent=2)
    typer.echo(text)
