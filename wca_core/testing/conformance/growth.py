"""What is asked of cost: with the tasks it grows no worse than linearly, with time not at all.

Time is that of the CPU, never of a clock, so that a busy machine is no fault of the plugin's.
"""

from __future__ import annotations

from collections.abc import Callable

from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import broken, not_asked, of_hooks
from wca_core.testing.conformance.cost import SCHEDULING
from wca_core.testing.conformance.crowd import FEW, GENEROUS, MANY, crowd_of
from wca_core.testing.conformance.samples import MAY_YIELD
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.surroundings import unheard
from wca_core.testing.conformance.tracing import traced, traced_bytes, undisturbed
from wca_core.testing.conformance.trial import Trial, trial

FREE_MEMORY = 1_000_000
"""Bytes that a thousand tasks may always cost."""
WINDOWS = (20, 40, 80, 160, 320, 640, 1280)
"""Steps, of which each window has as many as all before it: lists grow by leaps, but in each of these."""
UNNOTICED = 500
"""Bytes in a window: less may be the interpreter's own."""
A_WHILE = 120.0
"""Seconds from step to step, so that what is kept for a time is soon let go."""
A_MOMENT = 0.1
"""Seconds that a hook may wait: for a page of memory, a lock, a file."""
WAITED_FOR = ("collect_metrics", "derive_metrics", "detect", "allocate", "read_allocations")
"""Hooks that delay the others of the step, and have nobody to wait for; of discoverers and storages some do."""


@of_hooks(*MAY_YIELD)
def takes_time_in_proportion_to_the_tasks(subject: Subject) -> None:
    """The CPU time of a step of 1,000 tasks is about ten times that of 100: nothing looks at every pair of tasks."""
    crowd = crowd_of(subject)
    if crowd.is_slow:
        few, many, most = crowd.seconds[FEW], crowd.seconds[MANY], crowd.most_seconds
        broken(
            f"{subject.place}: a step of {FEW} tasks costs {few * 1e3:.1f} ms of CPU, of {MANY} {many * 1e3:.1f} ms; "
            f"at most {most * 1e3:.1f} ms expected: look tasks up in a dictionary, not in a list"
        )


@of_hooks(*MAY_YIELD)
def takes_memory_in_proportion_to_the_tasks(subject: Subject) -> None:
    """What is kept for 1,000 tasks is about ten times what is kept for 100."""
    kept = crowd_of(subject).kept
    most = FREE_MEMORY + kept[FEW] * MANY / FEW * GENEROUS
    if kept[MANY] > most:
        broken(
            f"{subject.place} keeps {kept[FEW] / 1e3:.0f} kB for {FEW} tasks and {kept[MANY] / 1e3:.0f} kB for {MANY}; "
            f"at most {most / 1e3:.0f} kB expected: keep nothing for each pair of tasks"
        )


@of_hooks(*MAY_YIELD)
def keeps_no_more_from_step_to_step(subject: Subject) -> None:
    """While the same tasks run, memory stops growing within 1,000 steps: what is remembered has a limit."""
    with trial(subject, scene.tasks(2)) as one:
        growth = _growth(one, lambda at: None)
    if growth:
        broken(
            f"{subject.place} keeps {growth:.0f} bytes more after each step, for {sum(WINDOWS)} steps: "
            "give what it remembers a limit, as collections.deque(maxlen=...) does"
        )


@of_hooks(*MAY_YIELD)
def forgets_tasks_that_are_gone(subject: Subject) -> None:
    """While tasks come and go, memory stops growing: what is kept for a task goes with it."""
    with trial(subject, scene.tasks(2)) as one:
        growth = _growth(one, lambda at: one.give(scene.tasks(2, f"of-{at % 10}-{at}")))
    if growth:
        broken(
            f"{subject.place} keeps {growth / 2:.0f} bytes for each task gone, for {sum(WINDOWS)} steps: "
            "keep state in a PerTask, or drop what is no longer in the tasks that are given"
        )


@of_hooks(*WAITED_FOR)
def waits_for_nobody(subject: Subject) -> None:
    """The hooks that measure, look and wish neither sleep nor wait for a server: the whole step would too."""
    with trial(subject) as one:
        one.start()
        least: dict[str, float] = {}
        for _ in range(5):
            one.cost.reset()
            one.step()
            for hook in WAITED_FOR:
                least[hook] = min(least.get(hook, A_WHILE), one.cost.waited.get(hook, 0.0))
        if not one.cost.waited:
            not_asked(f"the kernel does not tell how long a thread waits ({SCHEDULING})")
        for hook, seconds in least.items():
            if seconds > A_MOMENT:
                broken(
                    f"{subject.place}.{hook} waits {seconds:.2f} s in each step: "
                    "let a thread of its own wait, started in `start`, and give what it found last"
                )


def _growth(one: Trial, before_step: Callable[[int], None]) -> float:
    """Bytes a step by which memory grew in the last window; 0 as soon as there is a window in which it did not."""
    one.interval = A_WHILE
    one.start()
    grown = at = 0
    with unheard(), undisturbed(), traced():
        for number, steps in enumerate(WINDOWS):
            before = traced_bytes()
            for _ in range(steps):
                before_step(at)
                one.step()
                at += 1
            grown = traced_bytes() - before
            if number and grown < UNNOTICED:
                return 0.0
            for hook, why in one.refusals.items() if number else ():
                not_asked(f"{hook} refuses each step on the kit's machine, of which nothing can be learnt here: {why}")
    return grown / WINDOWS[-1]


CHECKS = (
    takes_time_in_proportion_to_the_tasks,
    takes_memory_in_proportion_to_the_tasks,
    keeps_no_more_from_step_to_step,
    forgets_tasks_that_are_gone,
    waits_for_nobody,
)
