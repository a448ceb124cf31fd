"""The script `wca-load`."""

from __future__ import annotations

import signal
import sys
from random import Random

import typer

from wca_core.errors import ConfigurationError
from wca_wrapper.load import options
from wca_wrapper.load.arrivals import arrivals_named
from wca_wrapper.load.fill import fill
from wca_wrapper.load.generator import Generator, Pace
from wca_wrapper.load.mix import Mix
from wca_wrapper.load.pool import address_of
from wca_wrapper.load.protocols import PROTOCOLS
from wca_wrapper.load.rates import parse_rate
from wca_wrapper.load.target import Target, parse_target

NAME = "wca-load"


def main() -> None:
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    application.command(name=NAME)(load)
    application(prog_name=NAME)


def load(
    target: options.Target,
    rate: options.Rate = "1000",
    arrivals: options.Arrivals = "poisson",
    duration: options.Duration = 0.0,
    interval: options.Interval = 1.0,
    timeout: options.Timeout = 5.0,
    patience: options.Patience = 30.0,
    connections: options.Connections = 16,
    keys: options.Keys = 1000,
    value_size: options.ValueSize = 100,
    reads: options.Reads = 0.9,
    seed: options.Seed = None,
) -> None:
    """Ask a server open-loop, and tell how long answers took from when they were due.

    Prints a line of NAME=NUMBER each interval, as `wca wrap` reads them; times in seconds. Exit code 1: no answer came.
    """
    random = Random(seed)
    try:
        server, moments = parse_target(target), arrivals_named(arrivals)(parse_rate(rate), random)
    except ConfigurationError as error:
        raise SystemExit(_told(str(error), 2)) from None
    dialogue = PROTOCOLS[server.scheme](server)
    mix = Mix(dialogue, keys, reads if dialogue.can_write else 1.0, random.randbytes(value_size), random)
    try:
        generator = Generator(address_of(server), connections, mix, Pace(duration, interval, timeout))
        _prepare(generator, server, mix, patience)
    except OSError as error:
        raise SystemExit(_told(f"{server.authority}: {error}", 1)) from None
    generator.run(moments, lambda line: print(line, flush=True))
    if generator.complaint:
        _told(f"the last connection that broke: {generator.complaint}", 0)
    raise SystemExit(0 if generator.total.answers else 1)


def _prepare(generator: Generator, server: Target, mix: Mix, patience: float) -> None:
    """Until the first request can go. Raises `OSError`."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: generator.stop())
    if not generator.connect(patience):
        raise OSError(f"no connection within {patience:g} s: {generator.complaint or 'nobody answers'}")
    if mix.dialogue.can_write:
        fill(server, mix, patience)


def _told(text: str, code: int) -> int:
    print(f"{NAME}: {text}", file=sys.stderr)
    return code
