"""What an older component is handed: copies of what a snapshot tells, in the form of its generation."""

from __future__ import annotations

from wca_compat.allocations import older_allocations
from wca_compat.first_generation import add_older_names, add_older_names_of_host
from wca_compat.measurements import Layout
from wca_compat.platforms import Platform, older_platform
from wca_compat.task_data import TaskData, TasksData
from wca_core import Metric, Snapshot


class Handing:
    """Step after step, to one component. `is_first`: it is of the first generation."""

    def __init__(self, *, is_first: bool) -> None:
        self._is_first = is_first
        self._layout = Layout([])

    def described(self, snapshot: Snapshot) -> dict[str, Metric]:
        """The metrics that are measured, by name."""
        return self._layout_of(snapshot).described

    def arguments(self, snapshot: Snapshot, *, allocates: bool) -> tuple[object, ...]:
        """`allocates`: the first generation of allocators is handed allocations too."""
        platform, tasks = self._platform(snapshot), self._tasks(snapshot)
        if not self._is_first:
            return platform, tasks
        parts: list[object] = [
            {task_id: task.measurements for task_id, task in tasks.items()},
            {task_id: task.resources for task_id, task in tasks.items()},
            {task_id: task.labels for task_id, task in tasks.items()},
        ]
        if allocates:
            parts.append({task_id: task.allocations or {} for task_id, task in tasks.items()})
        return platform, *parts

    def _platform(self, snapshot: Snapshot) -> Platform:
        layout = self._layout_of(snapshot)
        measurements = layout.of_host(snapshot.samples.values)
        if self._is_first:
            add_older_names_of_host(measurements)
        return older_platform(snapshot.platform, snapshot.now, measurements, layout.described.keys())

    def _tasks(self, snapshot: Snapshot) -> TasksData:
        """Without those that could not be measured in this step."""
        layout, values = self._layout_of(snapshot), snapshot.samples.values
        found: TasksData = {}
        for task in snapshot.tasks:
            measurements = layout.of_task(task.task_id, values)
            if measurements is None:
                continue
            in_force = snapshot.allocations_of(task)
            found[task.task_id] = TaskData(
                name=task.name,
                task_id=task.task_id,
                cgroup_path=task.cgroup_path,
                subcgroups_paths=list(task.subcgroups_paths),
                labels=task.all_labels,
                resources=dict(task.resources),
                measurements=add_older_names(measurements) if self._is_first else measurements,
                allocations=older_allocations(in_force) if in_force else None,
            )
        return found

    def _layout_of(self, snapshot: Snapshot) -> Layout:
        series = snapshot.samples.series
        if self._layout.series is not series:
            self._layout = Layout(series)
        return self._layout
