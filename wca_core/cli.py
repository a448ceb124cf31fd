"""The command `wca`.

| exit code | meaning |
|---|---|
| 0 | done, or stopped by SIGTERM or SIGINT |
| 1 | a configuration, plugin or start error |
| 2 | wrong usage, or root without --root |
"""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core import __version__

if TYPE_CHECKING:
    from wca_core.runners import Plan

log = logging.getLogger("wca.cli")

app = typer.Typer(
    name="wca",
    help="The Workload Collocation Agent: measures and steers the tasks of this node.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"wca {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", "-v", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The Workload Collocation Agent: measures and steers the tasks of this node."""


@app.command()
def run(
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", metavar="FILE", help="Configuration file (absolute path). None: see --plugins."),
    ] = None,
    plugins: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Plugins to run without a file; what is not named is filled in (local, log)."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N steps.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End after one step.")] = False,
    interval: Annotated[
        float | None, typer.Option(min=0, max=60, metavar="SECONDS", help="From step to step; over the file's.")
    ] = None,
    allow_root: Annotated[bool, typer.Option("--root", "-0", help="Permit to run as root.")] = False,
    host_root: Annotated[
        str, typer.Option(metavar="DIR", help="Where the root file system of the machine to measure is seen.")
    ] = "/",
    log_level: Annotated[
        str, typer.Option("--log-level", "-l", metavar="LEVEL", help="error, warning, info or debug.")
    ] = "info",
) -> None:
    """Measure this machine, step after step, until Ctrl-C or SIGTERM.

    Without --config and --plugins: what runs on this host, as Prometheus text on standard error.
    """
    _refuse_root(allow_root)
    _set_up_logging(log_level)
    from wca_core.errors import WcaError  # what follows costs import time that `--version` need not pay
    from wca_core.host import Host

    try:
        if not os.path.isdir(host_root):
            raise WcaError(f"--host-root {host_root}: a directory expected")
        plan = _plan(config, plugins)
        if interval is not None:
            plan = replace(plan, interval=interval)
        plan.run(Host(root=os.path.abspath(host_root)), 1 if once else count)
    except WcaError as error:
        for line in str(error).splitlines():
            log.error("%s", line)
        raise typer.Exit(1) from error


@app.command()
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


def main() -> None:
    """Entry point. `wca -c FILE` is the old spelling of `wca run -c FILE`."""
    arguments = sys.argv[1:]
    if arguments and arguments[0].startswith("-") and arguments[0] not in ("--help", "--version", "-v"):
        arguments = ["run", *arguments]
    app(args=arguments, prog_name="wca")


def _plan(config: str | None, plugins: str | None) -> Plan:
    from wca_core.config.build import build_file
    from wca_core.registry import Registry
    from wca_core.runners import plan_of_plugins

    if config is None:
        return plan_of_plugins([name.strip() for name in (plugins or "").split(",") if name.strip()])
    if plugins is not None:
        raise typer.BadParameter("--plugins and --config cannot be given together", param_hint="--plugins")
    plan: Plan = build_file(config, Registry().load).plan()
    return plan


def _refuse_root(allowed: bool) -> None:
    if os.geteuid() == 0 and not allowed:
        typer.echo("wca: refusing to run as root; give --root to permit it, or run as another user", err=True)
        raise typer.Exit(2)


def _set_up_logging(level: str) -> None:
    from wca_core import logs

    try:
        logs.configure(level)
    except ValueError as error:
        typer.echo(f"wca: {error}", err=True)
        raise typer.Exit(1) from error
