"""The command `wca top`: which source, which view."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, redirect_stdout
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
    prepared,
    refuse_root,
)
from wca_top.asked import Asked, Elsewhere, Named, source_of

if TYPE_CHECKING:
    from wca_top.source import Source

Connect = Annotated[
    str | None, typer.Option(metavar="URL", help="Watch a running agent, such as http://127.0.0.1:9111.")
]
TokenFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="With --connect: the token that the agent asks for.")
]
Replay = Annotated[str | None, typer.Option(metavar="FILE", help="Watch a recording; --plugins: who looks into it.")]
Speed = Annotated[
    str | None, typer.Option(metavar="X|max", help="With --replay: a multiple of real time. None: as it was.")
]
Count = Annotated[int | None, typer.Option(min=1, metavar="N", help="Print N steps as lines, and end.")]
Interval = Annotated[
    float | None, typer.Option(min=0.1, max=60, metavar="SECONDS", help="From step to step; over the file's.")
]
NoLock = Annotated[bool, typer.Option("--no-lock", help="Measure although an agent may run on this host.")]


def top(
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    connect: Connect = None,
    token_file: TokenFile = None,
    replay: Replay = None,
    speed: Speed = None,
    count: Count = None,
    interval: Interval = None,
    allow_root: AllowRoot = False,
    no_lock: NoLock = False,
    host_root: HostRoot = "/",
    strict_config: Strict = False,
) -> None:
    """Watch the tasks of this machine, of a running agent (--connect) or of a recording (--replay), until q or Ctrl-C.

    On a terminal a view that keys change (? tells them); elsewhere a line for each step.
    """
    named = Named(config, plugins, overrides, without, register, strict_config)
    elsewhere = Elsewhere(connect, token_file, replay, speed)
    refuse_root(allowed=allow_root or elsewhere.is_asked_for)
    with ExitStack() as stack:
        with redirect_stdout(sys.stderr):  # log records go beside the lines, not between them
            stack.enter_context(prepared(["warning"], register))
        is_plain = count is not None or not _is_terminal()
        asked = Asked(named, elsewhere, interval, no_lock, host_root)
        _watch(source_of(asked, is_plain=is_plain, count=count), is_plain=is_plain, count=count)


def _watch(source: Source, *, is_plain: bool, count: int | None) -> None:
    if is_plain:
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
