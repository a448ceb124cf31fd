"""Nodes and their tasks; see `wca_compat.nodes`."""

from wca_compat.nodes import Node, Task, TaskId, TaskLabels, TaskResources, TaskSynchronizationException
from wca_compat.served import elsewhere

__all__ = ["Node", "Task", "TaskId", "TaskLabels", "TaskResources", "TaskSynchronizationException"]

__getattr__ = elsewhere(__name__)
