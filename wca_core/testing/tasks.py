"""Tasks as tests need them."""

from __future__ import annotations

from wca_core.model.task import Task


def make_task(cgroup_path: str = "/task", *containers: str, **fields: object) -> Task:
    """A task whose id and name are the path of its cgroup, with the paths of its containers."""
    defaults: dict[str, object] = {"task_id": cgroup_path, "name": cgroup_path.strip("/")}
    return Task(cgroup_path=cgroup_path, subcgroups_paths=containers, **{**defaults, **fields})  # type: ignore[arg-type]
