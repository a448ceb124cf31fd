"""The command `wca top`: which source, which view."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import (
    AllowRoot,
    Config,
    HostRoot,
    Plugins,
    Register,
    Set,
    Strict,
    Without,
    configured,
    prepared,
    refuse_root,
)

if TYPE_CHECKING:
    from wca_core.configuration import Configured
    from wca_top.source import Source


TRIES = 5
"""Questions in a row that may fail where a number of steps is wanted: a script waits for it."""


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
    allow_root: AllowRoot = False,
    no_lock: Annotated[bool, typer.Option("--no-lock", help="Measure although an agent may run on this host.")] = False,
    host_root: HostRoot = "/",
    strict_config: Strict = False,
) -> None:
    """Watch the tasks of this machine, or of a running agent (--connect), until q or Ctrl-C.

    On a terminal a view that keys change (? tells them); elsewhere a line for each step.
    """
    refuse_root(allowed=allow_root or connect is not None)
    with ExitStack() as stack:
        with redirect_stdout(sys.stderr):  # log records go beside the lines, not between them
            stack.enter_context(prepared(["warning"], register))
        if connect is not None:
            _refuse(
                bool(config or plugins or overrides or without or register or strict_config),
                "--connect shows what another agent measures: leave out what is to be run",
            )
            _refuse(no_lock or host_root != "/", "--connect measures nothing: leave out --no-lock and --host-root")
            source = _remote(connect, token_file, interval, tries=None if count is None else TRIES)
        else:
            _refuse(token_file is not None, "--token-file: the token is for --connect, which is missing")
            asked = configured(config, plugins, overrides, without, strict_config)
            source = _own(asked, host_root, interval, locked=not no_lock)
        _watch(source, count)


def _refuse(is_wrong: bool, message: str) -> None:
    from wca_core.errors import ConfigurationError

    if is_wrong:
        raise ConfigurationError(message)


def _remote(address: str, token_file: str | None, interval: float | None, tries: int | None) -> Source:
    from wca_top.http_source import HttpSource

    return HttpSource(address, token_file=token_file, interval=interval or 1.0, tries=tries)


def _own(asked: Configured, host_root: str, interval: float | None, *, locked: bool) -> Source:
    from wca_core.errors import ConfigurationError
    from wca_core.host import Host
    from wca_core.lock import default_lock_path
    from wca_top.agent_source import AgentSource

    if not asked.has_plan:
        raise ConfigurationError(f"!{type(asked.runner).__name__} has a loop of its own, which cannot be watched")
    plan = asked.plan()
    if interval is not None:
        plan = replace(plan, interval=interval)
    lock_path = default_lock_path() if locked else None
    return AgentSource(plan, Host(root=host_root), lock_path=lock_path, file=asked.file)


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
