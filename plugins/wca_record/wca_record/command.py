"""The command `wca record`: measure as `wca run` would, and keep it in a file."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from wca_core.cli.options import (
    AllowRoot,
    Config,
    HostRoot,
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
    from wca_record.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """How to measure what is configured."""

    host_root: str
    interval: float | None
    count: int | None
    duration: float | None
    lock: bool


def record(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Is made; best with the ending .arrows")],
    config: Config = None,
    plugins: Plugins = None,
    overrides: Set = None,
    without: Without = None,
    register: Register = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N steps.")] = None,
    duration: Annotated[float | None, typer.Option(min=0.1, metavar="SECONDS", help="End after this time.")] = None,
    interval: Annotated[
        float | None, typer.Option(min=0, max=60, metavar="SECONDS", help="From step to step; over the file's.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it is there.")] = False,
    max_bytes: Annotated[
        int | None, typer.Option(min=100_000, metavar="BYTES", help="End the recording before it is larger.")
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Replace names, ids, paths and values of labels.")
    ] = False,
    allow_root: AllowRoot = False,
    no_lock: Annotated[bool, typer.Option("--no-lock", help="Measure although an agent may run on this host.")] = False,
    host_root: HostRoot = "/",
    strict_config: Strict = False,
    log_level: LogLevel = None,
) -> None:
    """Record what runs on this machine into FILE, step after step, until Ctrl-C or SIGTERM.

    Measures what a configuration says, without --config and --plugins what runs here. Stores nothing else, detects
    nothing, allocates nothing.
    """
    refuse_root(allowed=allow_root)
    ways = _Ways(host_root=host_root, interval=interval, count=count, duration=duration, lock=not no_lock)
    with prepared(log_level or ["warning"], register):
        from wca_record.recorder import Recorder

        recorder = Recorder(file=file, overwrite=overwrite, max_bytes=max_bytes, anonymous=anonymous)
        code = _record(configured(config, plugins, overrides, without, strict_config), recorder, ways)
    raise typer.Exit(code)


def _record(asked: Configured, recorder: Recorder, ways: _Ways) -> int:
    from wca_core.dispatch import Binding
    from wca_core.errors import ConfigurationError
    from wca_core.host import Host
    from wca_core.lock import default_lock_path, only_agent
    from wca_record.measuring import measuring
    from wca_record.progress import Progress

    if not asked.has_plan:
        raise ConfigurationError(f"!{type(asked.runner).__name__} has a loop of its own, which cannot be recorded")
    plan = asked.plan()
    plan = plan if ways.interval is None else replace(plan, interval=ways.interval)
    beside = [Binding(name="record", plugin=recorder, hooks=frozenset({"derive_metrics", "detect", "collect_metrics"}))]
    progress = Progress(recorder)
    beside.append(Binding(name="progress", plugin=progress, hooks=frozenset({"detect"})))
    plan = measuring(plan, *beside)
    recorder.interval = plan.interval
    recorder.plugins = tuple(one.name for one in plan.bindings if one.name not in ("record", "progress", "nobody"))
    gc.freeze()
    with ExitStack() as held:
        if ways.lock:
            held.enter_context(only_agent(default_lock_path(), asked.file))
        held.enter_context(_ended_after(ways.duration))
        code = plan.run(Host(root=ways.host_root), ways.count)
    typer.echo(progress.summary())
    return code or (0 if progress.is_complete else 1)


@contextmanager
def _ended_after(seconds: float | None) -> Iterator[None]:
    """As by SIGTERM."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
