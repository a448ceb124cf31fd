"""The command `wca`.

| exit code | meaning |
|---|---|
| 0 | done, or stopped by SIGTERM or SIGINT |
| 1 | a configuration, plugin or start error |
| 2 | wrong usage, or root without --root |
| 3 | something that WCA changed on the machine could not be put back |

What a command needs beyond its options is imported when it runs, so that `wca --version` is quick.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from wca_core import __version__
from wca_core.cli.check import check
from wca_core.cli.doctor import doctor
from wca_core.cli.leaving import leave_threads_behind
from wca_core.cli.metrics import metrics
from wca_core.cli.plugin import app as plugin
from wca_core.cli.plugins import plugins
from wca_core.cli.restore import restore
from wca_core.cli.run import run

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


app.command()(run)
app.command()(check)
app.command()(doctor)
app.command()(plugins)
app.command()(metrics)
app.command()(restore)
app.add_typer(plugin)


def main() -> None:
    """Entry point. `wca -c FILE` is the old spelling of `wca run -c FILE`."""
    try:
        _call()
    except SystemExit as ending:
        leave_threads_behind(ending)
        raise


def _call() -> None:
    gc.disable()  # nothing of what is imported goes away again; `wca run` enables it
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else "--help"
    own = {str(one.name or getattr(one.callback, "__name__", "")) for one in app.registered_commands} | {"plugin"}
    if first == "--help":
        from wca_core.cli.commands import listing

        app.info.epilog = listing(own)
    elif first.startswith("-") and first not in ("--version", "-v"):
        arguments = ["run", *arguments]
    elif not first.startswith("-") and first not in own:
        from wca_core.cli.commands import call

        call(first, arguments[1:])
    try:
        app(args=arguments, prog_name="wca")
    except OSError as error:
        if error.filename is not None:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  else the last flush fails too, and is told
        sys.exit(f"wca: standard output cannot be written: {error.strerror}")
