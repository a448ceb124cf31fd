"""`python -m bench [step | syscalls | startup | fixed | fresh | snapshot | perf | kafka | record]`: see README.md."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from bench.errors import BenchError
from bench.fixed import fixed
from bench.fresh import fresh
from bench.paced import Pace
from bench.perf import memory, perf
from bench.programs import Files
from bench.snapshot import snapshot
from bench.startup import startup
from bench.step import Options, step
from bench.syscalls import syscalls

FROM = 300
"""Tasks from which on the growth ratio is judged: with fewer, what is fixed weighs too much."""


def main(arguments: Sequence[str]) -> int:
    """0; 1 if the growth is above `--at-most` or nothing could be measured."""
    command = [] if arguments and arguments[0] in COMMANDS else ["step"]
    options = _parser().parse_args([*command, *arguments])
    signal.signal(signal.SIGTERM, _end)
    print(f"{platform.node()}, Linux {platform.release()}, Python {platform.python_version()}")
    try:
        return BY_NAME[options.command](options)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def _step(options: argparse.Namespace) -> int:
    pace = Pace(options.steps, options.warm_up, options.interval)
    growth = step(Options(options.tasks, options.rounds, pace, Files(options.files)))
    judged = {count: ratio for count, ratio in growth.items() if count >= FROM}
    for count, ratio in judged.items():
        verdict = "reached" if ratio <= options.at_most else "missed"
        print(f"{verdict}: growth ratio {ratio:.2f} at {count} tasks, at most {options.at_most:g} wanted")
    return int(options.judge and any(ratio > options.at_most for ratio in judged.values()))


def _syscalls(options: argparse.Namespace) -> int:
    syscalls(options.tasks, Files(options.files))
    return 0


def _startup(options: argparse.Namespace) -> int:
    startup(options.rounds)
    return 0


def _fixed(options: argparse.Namespace) -> int:
    fixed(options.rounds, options.steps)
    return 0


def _fresh(options: argparse.Namespace) -> int:
    fresh(options.tasks, options.rounds, options.steps)
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    snapshot(options.tasks, options.rounds, options.steps)
    return 0


def _perf(options: argparse.Namespace) -> int:
    ratios = perf(options.tasks, options.rounds, options.steps)
    for count, ratio in ratios.items():
        verdict = "reached" if ratio <= options.at_most else "missed"
        print(f"{verdict}: reading takes {ratio:.2f} times the C program's time at {count} tasks, at most 2 wanted")
    return int(memory(options.memory) > 1.25 or max(ratios.values()) > options.at_most) if options.memory else 0


def _kafka(options: argparse.Namespace) -> int:
    from bench.kafka import kafka  # which wants wca-kafka

    kafka(options.tasks, options.steps, options.away)
    return 0


def _record(options: argparse.Namespace) -> int:
    from bench.record import record  # which wants wca-record

    record(options.tasks, options.seconds, options.keep)
    return 0


Option = tuple[str, str, dict[str, Any]]
"""Its name, what it means, and how it is read."""

BY_NAME = {
    "step": _step,
    "syscalls": _syscalls,
    "startup": _startup,
    "fixed": _fixed,
    "fresh": _fresh,
    "snapshot": _snapshot,
    "perf": _perf,
    "kafka": _kafka,
    "record": _record,
}


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


FILES = ("--files", "which files are read (all)", {"choices": [*Files], "default": "all"})


def _rounds(number: int) -> Option:
    return "--rounds", f"times each is measured ({number})", {"type": int, "default": number}


def _steps(number: int, of: str = "measured steps of a run") -> Option:
    return "--steps", f"{of} ({number})", {"type": int, "default": number}


def _tasks(*numbers: int) -> Option:
    return "--tasks", ",".join(map(str, numbers)), {"type": _numbers, "default": [*numbers]}


def _cgroups(number: int) -> Option:
    return "--tasks", f"cgroups ({number})", {"type": int, "default": number}


def _ratio(wanted: float, what: str) -> Option:
    return "--at-most", f"{what} ({wanted:g})", {"type": float, "default": wanted}


COMMANDS: dict[str, tuple[str, list[Option]]] = {
    "step": (
        "CPU time of a step beside a C program that does the same",
        [
            *(_tasks(0, 10, 100, 300, 1000), _rounds(3), _steps(12), FILES),
            ("--warm-up", "steps left out behind the first (3)", {"type": int, "default": 3}),
            ("--interval", "seconds from step to step (1)", {"type": float, "default": 1.0}),
            _ratio(1.45, "growth ratio wanted from 300 tasks on"),
            ("--judge", "exit with 1 if it is missed", {"action": "store_true"}),
        ],
    ),
    "syscalls": ("system calls of a step by task (deterministic)", [_cgroups(50), FILES]),
    "startup": ("time until the first stored step, beside 'import typer'", [_rounds(10)]),
    "fixed": ("a step without tasks beside a scrape of node_exporter", [_rounds(5), _steps(50)]),
    "fresh": ("how old samples are when they are stored", [_tasks(300, 1000), _rounds(5), _steps(12)]),
    "snapshot": ("what a detector adds that looks at every task", [_cgroups(1000), _rounds(5), _steps(12)]),
    "perf": (
        "reading counters beside a C program, and the memory they take",
        [
            *(_tasks(10, 100, 300), _rounds(3), _steps(12, "measured readings of a round")),
            ("--memory", "tasks of the agent whose memory is looked at (1000)", {"type": int, "default": 1000}),
            _ratio(2.0, "ratio wanted"),
        ],
    ),
    "kafka": (
        "what a step waits for Kafka, and what an outage of the broker does",
        [
            ("--tasks", "of whose samples there are 8 each (1000)", {"type": int, "default": 1000}),
            _steps(30, "measured calls"),
            ("--away", "seconds that the broker is away (60)", {"type": float, "default": 60.0}),
        ],
    ),
    "record": (
        "what recording costs a step, the file, and how fast it is read",
        [
            _cgroups(100),
            ("--seconds", "that are recorded (600)", {"type": float, "default": 600.0}),
            ("--keep", "where the recording stays; else it is removed", {"type": Path}),
        ],
    ),
}


def _parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m bench", description="What a step of the agent costs.")
    commands = words.add_subparsers(dest="command", required=True)
    for name, (what, options) in COMMANDS.items():
        command = commands.add_parser(name, help=what)
        for option, meaning, rules in options:
            command.add_argument(option, help=meaning, **rules)
    return words


def _end(number: int, _: FrameType | None) -> None:
    """SIGTERM as an exception, so that the cgroups are removed."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
