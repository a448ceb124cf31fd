"""What a plugin must survive: it raises nothing but our own family of errors, whatever the node looks like."""

from __future__ import annotations

import shutil

from wca_core.errors import WcaError
from wca_core.model.metric import Samples
from wca_core.testing.conformance import machine_files, scene
from wca_core.testing.conformance.check import HookFailedError, blaming, broken, of_hooks
from wca_core.testing.conformance.crowd import crowd_of
from wca_core.testing.conformance.samples import MAY_YIELD
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import trial
from wca_core.testing.tasks import make_task


def survives_even_times(subject: Subject) -> None:
    """Start, eight steps in which nothing happens, and stop raise nothing unforeseen."""
    with trial(subject) as one:
        one.run()


def survives_trouble(subject: Subject) -> None:
    """One task suddenly gets far more of some things and less of others."""
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.disturbed)
        one.run()


@of_hooks(*MAY_YIELD)
def survives_no_task(subject: Subject) -> None:
    """Nothing runs on the node."""
    with trial(subject, []) as one:
        one.run(3)


@of_hooks(*MAY_YIELD)
def survives_a_thousand_tasks(subject: Subject) -> None:
    """A thousand tasks run on the node."""
    crowd_of(subject)


@of_hooks(*MAY_YIELD)
def survives_tasks_that_come_and_go(subject: Subject) -> None:
    """In each step some tasks are new and others are gone; once all are."""
    with trial(subject) as one:
        one.start()
        for at in range(8):
            one.give([] if at == 5 else scene.tasks(6, "task")[at % 3 :] + scene.tasks(2, f"new-{at}"))
            one.step()
        one.stop()


@of_hooks(*MAY_YIELD)
def survives_a_task_that_changed(subject: Subject) -> None:
    """A task of the same id has other labels, another name and another cgroup."""
    with trial(subject) as one:
        one.start()
        one.step()
        for at in range(3):
            task = make_task(
                f"/changed-{at}", task_id=one.tasks[0].task_id, name="changed", labels={"version": str(at)}
            )
            one.give([task, *one.tasks[1:]])
            one.step()
        one.stop()


@of_hooks("collect_metrics", "read_allocations")
def survives_a_cgroup_that_is_gone(subject: Subject) -> None:
    """A task is still listed, but its cgroup has vanished: that costs its samples, and nobody else's."""
    with trial(subject) as one:
        one.start()
        before = one.step()
        machine_files.remove_cgroup(one.machine, one.tasks[0])
        after = one.step()
        for hook in ("collect_metrics", "read_allocations"):
            refused = one.refusals.get(hook)
            if before.by_hook.get(hook) and not after.by_hook.get(hook):
                broken(
                    f"{subject.place}.{hook} gave nothing once one of five cgroups was gone: {refused or 'no error'}"
                )
        one.stop()


@of_hooks(*MAY_YIELD)
def survives_missing_measurements(subject: Subject) -> None:
    """In some steps nobody measured anything, in others only half of it."""
    with trial(subject) as one:
        one.start()
        for at in range(8):
            whole = one.scene.samples(at)
            half = Samples(whole.series[at % 2 :: 2], whole.values[at % 2 :: 2])
            one.step((whole, Samples(), half, half)[at % 4])
        one.stop()


@of_hooks(*MAY_YIELD)
def survives_counters_that_start_again(subject: Subject) -> None:
    """Counters fall, as they do when a container is started again."""
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.restarted)
        one.run()


@of_hooks(*MAY_YIELD)
def survives_zeros(subject: Subject) -> None:
    """Everything that is measured is zero, and stays so: nothing to divide by."""
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.all_zero)
        one.run()


@of_hooks(*MAY_YIELD)
def survives_huge_numbers(subject: Subject) -> None:
    """Everything that is measured is nearly as large as a float can be."""
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.huge)
        one.run()


@of_hooks(*MAY_YIELD)
def survives_time_that_stands_still(subject: Subject) -> None:
    """Two steps have the very same time: no seconds have passed to divide by."""
    with trial(subject) as one:
        one.interval = 0.0
        one.run(4)


@of_hooks(*MAY_YIELD)
def survives_a_wall_clock_that_jumps_back(subject: Subject) -> None:
    """The wall clock is set back by an hour."""
    with trial(subject) as one:
        one.start()
        one.step()
        one.machine.clock.time -= 3600
        one.step()
        one.step()
        one.stop()


@of_hooks("derive_metrics", "detect", "allocate")
def survives_an_unknown_platform(subject: Subject) -> None:
    """The kernel does not tell what the machine is made of: `snapshot.platform` is None."""
    with trial(subject) as one:
        one.platform = None
        one.run(4)


@of_hooks("start", *MAY_YIELD)
def survives_a_machine_without_files(subject: Subject) -> None:
    """Neither /proc nor /sys holds any file: at most, `start` refuses with the reason."""
    with trial(subject) as one:
        for entry in one.machine.root.iterdir():
            shutil.rmtree(entry)
        try:
            one.call("start", host=one.host) if "start" in subject.hooks else None
        except WcaError as error:
            _with_a_reason(subject, error)
            return
        one.step()
        one.step()
        one.stop()


@of_hooks(*MAY_YIELD)
def survives_odd_names(subject: Subject) -> None:
    """Ids, names and labels are any text: Unicode, empty, of 5,000 letters, with quotes, line feeds and surrogates."""
    for name, task in zip(scene.ODD_TEXTS, scene.odd_tasks(), strict=True):
        what = f"{subject.place}: a task whose id, name and label are {name}"
        with trial(subject, [task, *scene.tasks(2)]) as one, blaming(what):
            one.run(2)


def _with_a_reason(subject: Subject, error: WcaError) -> None:
    if isinstance(error, HookFailedError):
        raise error
    if not str(error).strip():
        broken(f"{subject.place}.start refused without a word: a StartError with the reason and the cure expected")


CHECKS = (
    survives_even_times,
    survives_trouble,
    survives_no_task,
    survives_a_thousand_tasks,
    survives_tasks_that_come_and_go,
    survives_a_task_that_changed,
    survives_a_cgroup_that_is_gone,
    survives_missing_measurements,
    survives_counters_that_start_again,
    survives_zeros,
    survives_huge_numbers,
    survives_time_that_stands_still,
    survives_a_wall_clock_that_jumps_back,
    survives_an_unknown_platform,
    survives_a_machine_without_files,
    survives_odd_names,
)
