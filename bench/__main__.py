"""`python -m bench [step | syscalls | startup | fixed | fresh | snapshot | perf | kafka | record]`: see README.md."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

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

COMMANDS = ("step", "syscalls", "startup", "fixed", "fresh", "snapshot", "perf", "kafka", "record")
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


def _parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m bench", description="What a step of the agent costs.")
    commands = words.add_subparsers(dest="command", required=True)
    of_step = commands.add_parser("step", help="CPU time of a step beside a C program that does the same")
    of_step.add_argument("--tasks", type=_numbers, default=[0, 10, 100, 300, 1000], help="0,10,100,300,1000")
    of_step.add_argument("--rounds", type=int, default=3, help="times each is measured (3)")
    of_step.add_argument("--steps", type=int, default=12, help="measured steps of a run (12)")
    of_step.add_argument("--warm-up", type=int, default=3, help="steps left out behind the first (3)")
    of_step.add_argument("--interval", type=float, default=1.0, help="seconds from step to step (1)")
    of_step.add_argument("--at-most", type=float, default=1.45, help="growth ratio wanted from 300 tasks on (1.45)")
    of_step.add_argument("--judge", action="store_true", help="exit with 1 if it is missed")
    of_syscalls = commands.add_parser("syscalls", help="system calls of a step by task (deterministic)")
    of_syscalls.add_argument("--tasks", type=int, default=50, help="cgroups (50)")
    of_startup = commands.add_parser("startup", help="time until the first stored step, beside 'import typer'")
    of_startup.add_argument("--rounds", type=int, default=10, help="times each is measured (10)")
    of_fixed = commands.add_parser("fixed", help="a step without tasks beside a scrape of node_exporter")
    of_fixed.add_argument("--rounds", type=int, default=5, help="times each is measured (5)")
    of_fixed.add_argument("--steps", type=int, default=50, help="measured steps of a run (50)")
    of_fresh = commands.add_parser("fresh", help="how old samples are when they are stored")
    of_fresh.add_argument("--tasks", type=_numbers, default=[300, 1000], help="300,1000")
    of_fresh.add_argument("--rounds", type=int, default=5, help="times each is measured (5)")
    of_fresh.add_argument("--steps", type=int, default=12, help="measured steps of a run (12)")
    of_snapshot = commands.add_parser("snapshot", help="what a detector adds that looks at every task")
    of_snapshot.add_argument("--tasks", type=int, default=1000, help="cgroups (1000)")
    of_snapshot.add_argument("--rounds", type=int, default=5, help="times each is measured (5)")
    of_snapshot.add_argument("--steps", type=int, default=12, help="measured steps of a run (12)")
    of_perf = commands.add_parser("perf", help="reading counters beside a C program, and the memory they take")
    of_perf.add_argument("--tasks", type=_numbers, default=[10, 100, 300], help="10,100,300")
    of_perf.add_argument("--rounds", type=int, default=3, help="times each is measured (3)")
    of_perf.add_argument("--steps", type=int, default=12, help="measured readings of a round (12)")
    of_perf.add_argument("--memory", type=int, default=1000, help="tasks of the agent whose memory is looked at (1000)")
    of_perf.add_argument("--at-most", type=float, default=2.0, help="ratio wanted (2)")
    of_kafka = commands.add_parser("kafka", help="what a step waits for Kafka, and what an outage of the broker does")
    of_kafka.add_argument("--tasks", type=int, default=1000, help="of whose samples there are 8 each (1000)")
    of_kafka.add_argument("--steps", type=int, default=30, help="measured calls (30)")
    of_kafka.add_argument("--away", type=float, default=60.0, help="seconds that the broker is away (60)")
    of_record = commands.add_parser("record", help="what recording costs a step, the file, and how fast it is read")
    of_record.add_argument("--tasks", type=int, default=100, help="cgroups (100)")
    of_record.add_argument("--seconds", type=float, default=600.0, help="that are recorded (600)")
    of_record.add_argument("--keep", type=Path, help="where the recording stays; else it is removed")
    for command in (of_step, of_syscalls):
        command.add_argument("--files", choices=[*Files], default="all", help="which files are read (all)")
    return words


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _end(number: int, _: FrameType | None) -> None:
    """SIGTERM as an exception, so that the cgroups are removed."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
