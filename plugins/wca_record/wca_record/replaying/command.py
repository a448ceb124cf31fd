"""`wca replay`: feeds a recording to detectors and allocators.

| exit code | meaning |
|---|---|
| 0 | replayed, also a file that ends early, which is told |
| 1 | no recording, or a configuration, plugin or start error |
| 2 | wrong usage |
| 4 | replayed, but a plugin failed in a step |
| 130 | stopped by Ctrl-C, after the summary |

What it needs is imported once the order of sets is fixed: before, it would be imported twice.
"""

from __future__ import annotations

import logging
import sys
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from wca_core.cli.options import Config, LogLevel, Register, Set, Strict, prepared
from wca_record.replaying.hash_seed import fix_chance
from wca_record.replaying.options import (
    AsJson,
    Feedback,
    File,
    From,
    OnlySummary,
    Plugins,
    Quiet,
    Speed,
    Until,
    WithSamples,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from wca_core.configuration import Request
    from wca_record.replaying.feeding import Span
    from wca_record.replaying.output import Output
    from wca_record.replaying.result import ReplayedStep
    from wca_record.replaying.tally import Tally

log = logging.getLogger("wca.replay")

PLUGIN_FAILED = 4
STOPPED = 130
LEVELS = ("warning", "wca.replay:info")


def replay(
    file: File,
    plugins: Plugins = None,
    config: Config = None,
    overrides: Set = None,
    register: Register = None,
    since: From = "0",
    until: Until = None,
    speed: Speed = "max",
    feedback: Feedback = False,
    as_json: AsJson = False,
    samples: WithSamples = False,
    summary: OnlySummary = False,
    quiet: Quiet = False,
    strict_config: Strict = False,
    log_level: LogLevel = None,
) -> None:
    """Feed a recording to detectors and allocators and show what they find and wish; nothing is measured or changed.

    The same file and plugins give the same lines. Summary, progress and log records go to standard error.
    """
    fix_chance()
    if summary and quiet:
        raise typer.BadParameter("it is all that --summary shows", param_hint="--quiet")
    from wca_core.configuration import Request
    from wca_record.replaying.output import Output, Style

    output = Output(Style(as_json, samples, summary), shows_progress=not quiet, is_followed=speed != "max")
    # what is logged, and what plugins print, goes beside the lines, not between them
    with redirect_stdout(sys.stderr), prepared(log_level or [*LEVELS], register):
        names = tuple(name.strip() for name in (plugins or "").split(",") if name.strip())
        request = Request(file=config, plugins=names, overrides=tuple(overrides or ()), strict=strict_config)
        code = _replayed(request, _Asked(file, since, until, speed, feedback), output, quiet=quiet)
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is replayed, and how."""

    file: str
    since: str
    until: str | None
    speed: str
    feeds_back: bool

    @property
    def span(self) -> Span:
        from wca_record.replaying.feeding import END, Moment, Span
        from wca_record.replaying.pacing import speed_of

        until = END if self.until is None else Moment.of(self.until)
        return Span(Moment.of(self.since), until, speed_of(self.speed))


def _replayed(request: Request, asked: _Asked, output: Output, *, quiet: bool) -> int:
    """The exit code."""
    from wca_record.replaying.asked import cast_of
    from wca_record.replaying.feeding import replayed
    from wca_record.replaying.loop import Replay
    from wca_record.replaying.source import source_of
    from wca_record.replaying.tally import Tally

    span = asked.span
    cast = replace(cast_of(request), feeds_back=asked.feeds_back)
    source = source_of(asked.file)
    played = Replay(cast, source.new_host())
    tally = Tally()
    started = perf_counter()
    code = _fed(replayed(played, source.steps, span), tally, output)
    took = perf_counter() - started
    if source.trouble:
        log.warning("%s", source.trouble)
    if not tally.steps and code == 0:
        log.warning("%s: no step is within --from %s --until %s", asked.file, asked.since, asked.until or "its end")
    for line in () if quiet else tally.summary(took, played.host.statistics):
        typer.echo(line, err=True)
    return code or (PLUGIN_FAILED if tally.failures else 0)


def _fed(steps: Generator[ReplayedStep], tally: Tally, output: Output) -> int:
    """The exit code, unless a plugin failed."""
    try:
        with closing(steps):
            for step in steps:
                tally.add(step)
                output.write(step)
    except KeyboardInterrupt:
        return STOPPED
    finally:
        output.end()
    return 0
