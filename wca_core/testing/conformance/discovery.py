"""What is asked of a discoverer: each task once, under one id, and the same answer while nothing changes."""

from __future__ import annotations

from wca_core.errors import WcaError
from wca_core.model.task import Task
from wca_core.testing.conformance.check import HookFailedError, broken, not_asked, of_hooks
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import Trial, trial


@of_hooks("discover_tasks")
def discovers_tasks_with_ids_of_their_own(subject: Subject) -> None:
    """No two tasks have the same id, and none an empty one."""
    with trial(subject) as one:
        ids = [task.task_id for task in _discovered(one)]
        for task_id in ids:
            if not task_id or ids.count(task_id) > 1:
                broken(
                    f"{subject.place} found {ids.count(task_id)} tasks of the id {task_id!r}: ids of their own expected"
                )


@of_hooks("discover_tasks")
def discovers_tasks_with_cgroups_of_their_own(subject: Subject) -> None:
    """Every task has a cgroup, as a path that begins with `/`, and no two tasks have the same."""
    with trial(subject) as one:
        seen: dict[str, str] = {}
        for task in _discovered(one):
            for path in task.cgroup_paths:
                if not path.startswith("/"):
                    broken(
                        f"{subject.place}: {task.task_id}: cgroup {path!r}: a path from the hierarchy's root expected"
                    )
                if seen.setdefault(path, task.task_id) != task.task_id:
                    broken(f"{subject.place}: {seen[path]} and {task.task_id} have the same cgroup {path}")


@of_hooks("discover_tasks")
def discovers_the_same_twice(subject: Subject) -> None:
    """While nothing changes, the tasks are equal to those before, in the same order."""
    with trial(subject) as one:
        first, again = _discovered(one), _discovered(one)
        if first != again:
            broken(f"{subject.place} found {again!r:.200} after {first!r:.200}: sort, leave out what always changes")


def _discovered(one: Trial) -> list[Task]:
    if not one.is_started:
        one.start()
    try:
        found = one.call("discover_tasks", host=one.host)
    except HookFailedError:
        raise
    except WcaError as error:
        not_asked(f"it finds out nothing on the kit's machine: {error}")
    tasks = [task for task in found if isinstance(task, Task)]
    return tasks or not_asked("it finds no task on the kit's machine")


CHECKS = (
    discovers_tasks_with_ids_of_their_own,
    discovers_tasks_with_cgroups_of_their_own,
    discovers_the_same_twice,
)
