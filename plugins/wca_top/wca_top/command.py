"""The command `wca top`: which source, which view."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import Config, Plugins, Register, Set, Strict, Without, configured, prepared

if TYPE_CHECKING:
    from wca_core.configuration import Configured
    from wca_top.source import Source


def top(
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    connect: Annotated[
        str | None, typer.Option(metavar="URL", help="Watch a running agent, such as http://127.0.0.1:9111.")
    ] = None,
    token_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="With --connect: the token that the agent asks for.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Print N steps as lines, and end.")] = None,
    interval: Annotated[
        float | None, typer.Option(min=0.1, max=60, metavar="SECONDS", help="From step to step; over the file's.")
    ] = None,
    allow_root: Annotated[bool, typer.Option("--root", "-0", help="Permit to run as root.")] = False,
    no_lock: Annotated[bool, typer.Option("--no-lock", help="Measure although an agent may run on this host.")] = False,
    host_root: Annotated[
        str, typer.Option(metavar="DIR", help="Where the root file system of the machine to measure is seen.")
    ] = "/",
    strict_config: Strict = False,
) -> None:
    """Watch the tasks of this machine, or of a running agent (--connect), until q or Ctrl-C.

    On a terminal a view that keys change (? tells them); elsewhere a line for each step.
    """
    from wca_core.errors import ConfigurationError

    if os.geteuid() == 0 and not allow_root and connect is None:
        typer.echo("wca: refusing to run as root; give --root to permit it, or run as another user", err=True)
        raise typer.Exit(2)
    with ExitStack() as stack:
        with redirect_stdout(sys.stderr):  # log records go beside the lines, not between them
            stack.enter_context(prepared(["warning"], register))
        if connect is not None:
            if config or plugins or overrides or without:
                raise ConfigurationError("--connect shows what another agent measures: leave out what is to be run")
            source = _remote(connect, token_file, interval)
        else:
            asked = configured(config, plugins, overrides, without, strict_config)
            source = _own(asked, host_root, interval, locked=not no_lock)
        _watch(source, count)


def _remote(address: str, token_file: str | None, interval: float | None) -> Source:
    from wca_top.http_source import HttpSource

    return HttpSource(address, token_file=token_file, interval=interval or 1.0)


def _own(asked: Configured, host_root: str, interval: float | None, *, locked: bool) -> Source:
    from wca_core.errors import ConfigurationError
    from wca_core.host import Host
    from wca_core.lock import default_lock_path
    from wca_top.agent_source import AgentSource

    if not os.path.isdir(host_root):
        raise ConfigurationError(f"--host-root {host_root}: a directory expected")
    if not asked.has_plan:
        raise ConfigurationError(f"!{type(asked.runner).__name__} has a loop of its own, which cannot be watched")
    plan = asked.plan()
    if interval is not None:
        plan = replace(plan, interval=interval)
    lock_path = default_lock_path() if locked else None
    return AgentSource(plan, Host(root=os.path.abspath(host_root)), lock_path=lock_path, file=asked.file)


def _watch(source: Source, count: int | None) -> None:
    if count is not None or not _is_terminal():
        from wca_top.plain import run_plain

        run_plain(source, count)
        return
    from wca_top.app import TopApp
    from wca_top.messages import kept_messages

    with kept_messages() as messages:
        app = TopApp(source, messages)
        try:
            app.run()
        finally:
            has_ended = app.end_source()
    if app.error is not None:
        raise app.error
    if not has_ended:
        typer.echo("wca top: the agent is still busy and is left behind", err=True)


def _is_terminal() -> bool:
    """Whether keys can be read and a screen drawn."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)
    are_terminals = all(stream is not None and stream.isatty() for stream in streams)
    return are_terminals and os.environ.get("TERM", "dumb") != "dumb"
