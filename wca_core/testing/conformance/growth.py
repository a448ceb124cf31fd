"""What is asked of cost: with the tasks it grows no worse than linearly, with time not at all.

Time is that of the CPU, never of a clock, so that a busy machine is no fault of the plugin's.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import broken
from wca_core.testing.conformance.samples import MAY_YIELD
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import OF_SAMPLES, Trial, trial

FEW, MANY = 100, 1000
GENEROUS = 4.0
"""Times what linear growth would cost."""
FREE_TIME = 0.02
"""Seconds of CPU that a thousand tasks may always cost: less is not measured well."""
FREE_MEMORY = 1_000_000
"""Bytes that a thousand tasks may always cost."""
STEPS = 25
ROUNDS = 8
UNNOTICED = 500
"""Bytes in so many steps: less may be the interpreter's own."""
A_WHILE = 60.0
"""Seconds from step to step, so that what is kept for a time is soon let go."""


def takes_time_in_proportion_to_the_tasks(subject: Subject) -> None:
    """The CPU time of a step of 1,000 tasks is about ten times that of 100: nothing looks at every pair of tasks."""
    subject.need(*MAY_YIELD)
    few, many = (_least_time(subject, count) for count in (FEW, MANY))
    most = FREE_TIME + few * MANY / FEW * GENEROUS
    if many > most:
        broken(
            f"{subject.place}: a step of {FEW} tasks costs {few * 1e3:.1f} ms of CPU, of {MANY} {many * 1e3:.1f} ms; "
            f"at most {most * 1e3:.1f} ms expected: look tasks up in a dictionary, not in a list"
        )


def takes_memory_in_proportion_to_the_tasks(subject: Subject) -> None:
    """What is kept for 1,000 tasks is about ten times what is kept for 100."""
    subject.need(*MAY_YIELD)
    few, many = (_kept(subject, count) for count in (FEW, MANY))
    most = FREE_MEMORY + few * MANY / FEW * GENEROUS
    if many > most:
        broken(
            f"{subject.place} keeps {few / 1e3:.0f} kB for {FEW} tasks and {many / 1e3:.0f} kB for {MANY}; "
            f"at most {most / 1e3:.0f} kB expected: keep nothing for each pair of tasks"
        )


def keeps_no_more_from_step_to_step(subject: Subject) -> None:
    """While the same tasks run, memory stops growing: what is remembered has a limit."""
    subject.need(*MAY_YIELD)
    with trial(subject, scene.tasks(4)) as one:
        growth = _growth(one, lambda at: None)
    if growth:
        broken(
            f"{subject.place} keeps {growth / STEPS:.0f} bytes more after each step, for {STEPS * ROUNDS} steps: "
            "give what it remembers a limit, as collections.deque(maxlen=...) does"
        )


def forgets_tasks_that_are_gone(subject: Subject) -> None:
    """While tasks come and go, memory stops growing: what is kept for a task goes with it."""
    subject.need(*MAY_YIELD)
    with trial(subject, scene.tasks(4)) as one:
        growth = _growth(one, lambda at: one.give(scene.tasks(4, f"of-{at % 10}-{at}")))
    if growth:
        broken(
            f"{subject.place} keeps {growth / STEPS / 4:.0f} bytes for each task gone, for {STEPS * ROUNDS} steps: "
            "keep state in a PerTask, or drop what is no longer in the tasks that are given"
        )


def _least_time(subject: Subject, count: int) -> float:
    """Of three steps after the first, the one that took the least."""
    with trial(subject, scene.tasks(count)) as one:
        one.start()
        one.step()
        return min(_time_of_step(one) for _ in range(3))


def _time_of_step(one: Trial) -> float:
    """Of its hooks alone, in all threads."""
    before = one.cpu_seconds
    one.step()
    return one.cpu_seconds - before


def _kept(subject: Subject, count: int) -> int:
    with trial(subject, scene.tasks(count)) as one:
        if subject.has(*OF_SAMPLES):
            one.scene.samples(0)  # made before, as tracing is slow
        return _kept_by(one)


def _kept_by(one: Trial) -> int:
    """Bytes that are free once the plugin is."""
    with _traced():
        one.start()
        one.step()
        one.step()
        whole = _traced_bytes()
        one.plugin = None
        return whole - _traced_bytes()


def _growth(one: Trial, before_step: Callable[[int], None]) -> int:
    """Bytes by which memory grew in every round; 0 as soon as there is a round in which it did not."""
    one.interval = A_WHILE
    one.start()
    least = 0
    with _traced():
        for number in range(ROUNDS + 1):
            before = _traced_bytes()
            for at in range(STEPS):
                before_step(number * STEPS + at)
                one.step()
            grown = _traced_bytes() - before
            if number and grown < UNNOTICED:
                return 0
            least = min(least or grown, grown) if number else 0
    return least


@contextmanager
def _traced() -> Iterator[None]:
    was_traced = tracemalloc.is_tracing()
    if not was_traced:
        tracemalloc.start()
    try:
        yield
    finally:
        if not was_traced:
            tracemalloc.stop()


def _traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


CHECKS = (
    takes_time_in_proportion_to_the_tasks,
    takes_memory_in_proportion_to_the_tasks,
    keeps_no_more_from_step_to_step,
    forgets_tasks_that_are_gone,
)
