"""Nodes and their tasks; see `wca_compat.nodes`."""

from wca_compat.nodes import Node, Task, TaskId, TaskLabels, TaskResources, TaskSynchronizationException

__all__ = ["Node", "Task", "TaskId", "TaskLabels", "TaskResources", "TaskSynchronizationException"]
