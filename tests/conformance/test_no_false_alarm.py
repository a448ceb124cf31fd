"""Correct plugins that a check could take for broken ones, and is not to."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest

from tests.conformance.good_detector import COUNTED, FOUND, Detector
from wca_core import Host, Metric, Sample, Snapshot, Task, hookimpl, plugin
from wca_core.testing import CHECKS, Machine, Verdict, new_machine
from wca_core.testing.conformance.subject import Subject

log = logging.getLogger("wca.plugins.complaining")
BY_NAME = {check.name: check for check in CHECKS}


def verdict(check: str, cls: type, subject: Subject | None = None) -> Verdict:
    return BY_NAME[check].verdict(subject or Subject(cls))


@dataclass(eq=False, kw_only=True)
class Windowed(Detector):
    """Remembers a thousand steps."""

    past: deque[float] = field(default_factory=lambda: deque(maxlen=1000), init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.past.append(snapshot.now + 0.5)
        return ()


@lru_cache(maxsize=300)
def _label(task_id: str) -> str:
    return f"of {task_id}"


class Caching(Detector):
    """Remembers some hundred tasks that are gone, and no more."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(len(_label(task.task_id)), task) for task in snapshot.tasks]


@dataclass(eq=False, kw_only=True)
class Threaded(Detector):
    """Counts in a thread of its own, so that each life is another."""

    count: int = field(default=0, init=False)
    ending: threading.Event = field(default_factory=threading.Event, init=False)
    thread: threading.Thread | None = field(default=None, init=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self.ending.clear()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    @hookimpl
    def stop(self) -> None:
        self.ending.set()
        if self.thread is not None:
            self.thread.join()

    def work(self) -> None:
        while not self.ending.wait(0.001):
            self.count += 1

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(self.count)]


class LookingForAProcess(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.kill(os.getpid(), 0)
        return ()


class OpeningOnceForAll(Detector):
    """One file for the whole process, opened when it is first needed, which is late."""

    opened: list[int] = []
    lives = 0

    @hookimpl
    def start(self, host: Host) -> None:
        type(self).lives += 1
        if self.lives == 3:
            self.opened.append(os.open(os.devnull, os.O_RDONLY))


class Complaining(Detector):
    """Logs in each step; pytest keeps every record."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        log.warning("%d tasks suffer at %s", len(snapshot.tasks), snapshot.now)
        return ()


@pytest.mark.parametrize(
    ("check", "cls"),
    [
        ("keeps_no_more_from_step_to_step", Windowed),
        ("forgets_tasks_that_are_gone", Windowed),
        ("forgets_tasks_that_are_gone", Caching),
        ("keeps_no_more_from_step_to_step", Complaining),
        ("gives_its_threads_back", Threaded),
        ("waits_for_nobody", Threaded),
        ("sends_no_signal", LookingForAProcess),
        ("gives_its_open_files_back", OpeningOnceForAll),
    ],
)
def test_a_correct_plugin_is_told_of_nothing(check: str, cls: type) -> None:
    found = verdict(check, cls)

    for number in OpeningOnceForAll.opened:
        os.close(number)
    OpeningOnceForAll.opened.clear()
    assert found.state == "kept", found


def test_a_plugin_with_threads_of_its_own_is_not_asked_whether_two_lives_are_the_same() -> None:
    found = verdict("gives_the_same_for_the_same", Threaded)

    assert found.state == "not asked"
    assert "threads of its own" in found.detail


class ChangingForGood(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        gc.disable()
        os.umask(0o077)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        return ()


def test_what_one_check_saw_changed_is_put_back_before_the_next() -> None:
    subject = Subject(ChangingForGood)
    before = gc.isenabled(), signal.getsignal(signal.SIGUSR1)

    first = verdict("survives_even_times", ChangingForGood, subject)
    later = [verdict(name, ChangingForGood, subject) for name in ("leaves_signals_to_the_agent", "survives_trouble")]
    last = verdict("leaves_the_process_as_it_was", ChangingForGood, subject)

    assert [one.state for one in (first, *later, last)] == ["kept", "broken", "kept", "broken"]
    assert (gc.isenabled(), signal.getsignal(signal.SIGUSR1)) == before


class ForAWhile(Detector):
    """Puts everything back when it stops."""

    @hookimpl
    def start(self, host: Host) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    @hookimpl
    def stop(self) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)


def test_a_handler_that_is_put_back_at_the_end_is_told_all_the_same() -> None:
    found = verdict("leaves_signals_to_the_agent", ForAWhile)

    assert (found.state, "SIGUSR1" in found.detail) == ("broken", True)


WAYS = Metric("broken_ways", "Ways of the cache.", FOUND.type)


@plugin(api=1)
class Ways:
    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [WAYS]

    @hookimpl
    def start(self, host: Host) -> None:
        self.ways = int(Path(host.path("/sys/kernel/acme/ways")).read_text())

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Sample]:
        found = (host.cgroup_directory("cpu", task.cgroup_path) or "" for task in tasks)
        return [WAYS.sample(self.ways, task) for task, path in zip(tasks, found, strict=True) if os.path.isdir(path)]


def with_ways(folder: Path) -> Machine:
    return new_machine(folder).file("/sys/kernel/acme/ways", "12\n")


def test_tasks_have_cgroups_on_a_machine_that_an_author_made_too() -> None:
    subject = Subject(Ways, make_machine=with_ways)

    asked = [
        verdict(name, Ways, subject) for name in ("survives_a_cgroup_that_is_gone", "yields_samples_of_known_tasks")
    ]

    assert [one.state for one in asked] == ["kept", "kept"]
