"""`wca run`: the agent itself."""

from __future__ import annotations

import gc
import signal
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import (
    AllowRoot,
    Config,
    HostRoot,
    LogFile,
    LogFormat,
    LogLevel,
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


@dataclass(frozen=True, slots=True)
class _Ways:
    """How to run what is configured."""

    host_root: str
    interval: float | None
    count: int | None
    lock: bool
    dry_run: bool


def run(
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N steps.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End after one step.")] = False,
    interval: Annotated[
        float | None, typer.Option(min=0, max=60, metavar="SECONDS", help="From step to step; over the file's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Allocate nothing: tell what would be written.")] = False,
    allow_root: AllowRoot = False,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Run although another agent may run on this host.")
    ] = False,
    host_root: HostRoot = "/",
    strict_config: Strict = False,
    log_level: LogLevel = None,
    log_format: LogFormat = "text",
    log_file: LogFile = None,
) -> None:
    """Measure this machine, step after step, until Ctrl-C or SIGTERM.

    Without --config and --plugins: what runs on this host, served on http://127.0.0.1:9111, with a summary on standard
    error.
    """
    refuse_root(allowed=allow_root)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # until the loop obeys it: there is nothing to read or tell yet
    with prepared(log_level, register, log_format, log_file) as levels:
        from wca_core import logs

        asked = configured(config, plugins, overrides, without, strict_config)
        logs.configure(levels, asked.loggers)
        code = _run(asked, _Ways(host_root, interval, 1 if once else count, not no_lock, dry_run))
    raise typer.Exit(code)


def _run(asked: Configured, ways: _Ways) -> int:
    from wca_core.errors import ConfigurationError
    from wca_core.host import Host
    from wca_core.lock import default_lock_path, only_agent

    if not asked.has_plan and (ways.interval is not None or ways.count is not None or ways.dry_run):
        name = type(asked.runner).__name__
        raise ConfigurationError(f"!{name} has a loop of its own: it takes no count or interval, and no dry run")
    plan = asked.plan() if asked.has_plan else None
    gc.freeze()  # what is there now stays: the collector need not look at it again
    gc.enable()
    with ExitStack() as stack:
        if ways.lock:
            stack.enter_context(only_agent(default_lock_path(), asked.file))
        if plan is None:
            return asked.run()
        if ways.interval is not None:
            plan = replace(plan, interval=ways.interval)
        return (plan.dry if ways.dry_run else plan).run(Host(root=ways.host_root), ways.count)
