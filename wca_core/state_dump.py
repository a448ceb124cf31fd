"""What the agent is doing right now, in words, for SIGUSR1: names and numbers, no labels and no values of fields."""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress

from wca_core import __version__
from wca_core.host import Host
from wca_core.model.statistics import PluginHealth

log = logging.getLogger("wca.state")


class StateDump:
    """Tells of one agent, as often as it is asked."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._asked = 0

    def tell(self) -> None:
        """Log the state and where each thread is, at whatever level the logger has: somebody asked for it.

        Never raises: it runs between any two instructions of the step.
        """
        self._asked += 1
        for what, lines in (("state", state(self._host)), ("threads", stacks())):
            try:
                text = "\n    ".join([f"SIGUSR1, dump {self._asked}: {what}", *lines])
            except Exception as error:  # noqa: BLE001  what it looks at may just be changing
                text = f"SIGUSR1, dump {self._asked}: {what} cannot be told: {type(error).__name__}: {error}"
            log.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, text, (), None))


def state(host: Host) -> Iterator[str]:
    """Steps, open files, durations, plugins and tasks, a line each."""
    statistics = host.statistics
    yield f"wca {__version__}, pid {os.getpid()}, host {host.name}"
    yield (
        f"{statistics.iterations} steps, {statistics.overruns} overran, {statistics.missed_deadlines} left out,"
        f" {statistics.undiscovered_steps} without tasks because no discoverer succeeded"
    )
    yield from _open_files(host)
    for function, duration in list(statistics.functions.items()):
        yield f"{function}: last {duration.last:.6f} s, mean {duration.mean:.6f} s"
    for name, health in list(statistics.plugins.items()):
        yield from _plugin(name, health)
    for task in list(host.known_tasks.values()):
        containers = f", {len(task.subcgroups_paths)} containers" if task.subcgroups_paths else ""
        yield f"task {task.task_id} {task.name!r} in {task.cgroup_path}{containers}"


def stacks() -> Iterator[str]:
    """Where each thread is; the main one first."""
    frames = sys._current_frames()
    main = threading.main_thread()
    for thread in sorted(threading.enumerate(), key=lambda thread: thread is not main):
        frame = frames.get(thread.ident or 0)
        yield f"thread {thread.name}{' (daemon)' if thread.daemon else ''}"
        for line in traceback.format_stack(frame) if frame else ():
            yield from line.rstrip().split("\n")


def _open_files(host: Host) -> Iterator[str]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    kept, most = host.open_files.count, host.open_files.maximum
    with suppress(OSError):
        yield (
            f"{len(os.listdir('/proc/self/fd'))} open files (limit {soft}, hard limit {hard});"
            f" {kept} of kernel files are kept, {most} at most"
        )


def _plugin(name: str, health: PluginHealth) -> Iterator[str]:
    failing = f"failing in {', '.join(sorted(health.failing))}" if health.failing else "up"
    dropped = f", {health.dropped} steps dropped" if health.dropped else ""
    yield f"plugin {name}: {failing}{dropped}"
    for hook, duration in list(health.durations.items()):
        yield f"  {hook}: last {duration.last:.6f} s, mean {duration.mean:.6f} s, {health.errors[hook]} errors"
