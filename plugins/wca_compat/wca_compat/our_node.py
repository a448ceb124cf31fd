"""A node of ours for a component that knows nodes as they were."""

from __future__ import annotations

import weakref

from wca_compat.nodes import Node, Task
from wca_core.errors import ContractError, TaskSynchronizationException
from wca_core.host import Host
from wca_core.model.task import Task as OurTask
from wca_core.plugin_api import call_hook, hooks_of


class OurNode(Node):
    """Asks a plugin with the hook `discover_tasks`, which is started before and stopped at the end of the process."""

    def __init__(self, plugin: object) -> None:
        self.plugin = plugin
        self._host: Host | None = None

    def get_tasks(self) -> list[Task]:
        """Raises `TaskSynchronizationException` where the plugin raises, and for what is no task."""
        try:
            found = call_hook(self.plugin, "discover_tasks", host=self._started())
            return [older_task(task) for task in found or ()]  # type: ignore[attr-defined]
        except TaskSynchronizationException:
            raise
        except Exception as error:
            raise TaskSynchronizationException(f"{type(self.plugin).__name__}: {error}") from error

    def _started(self) -> Host:
        if self._host is None:
            host = Host()
            start(self.plugin, host, self)
            self._host = host
        return self._host


def start(plugin: object, host: Host, owner: object) -> None:
    """Start a plugin that is to stop with its owner, or with the process."""
    hooks = hooks_of(type(plugin))
    if "start" in hooks:
        call_hook(plugin, "start", host=host)
    if "stop" in hooks:
        weakref.finalize(owner, call_hook, plugin, "stop")


def older_task(task: object) -> Task:
    """Raises `ContractError` for what is no task."""
    if not isinstance(task, OurTask):
        raise ContractError(f"a task expected, found {type(task).__name__}")
    return Task(
        name=task.name,
        task_id=task.task_id,
        cgroup_path=task.cgroup_path,
        subcgroups_paths=list(task.subcgroups_paths),
        labels=dict(task.labels),
        resources=dict(task.resources),
    )
