"""A replay as lines for people: an anomaly each, a new wish each, and samples if asked for."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core.model.metric import Sample
from wca_core.model.task import Task
from wca_core.overview.text import printable
from wca_record.replaying.json_lines import moment
from wca_record.replaying.plain_values import as_text
from wca_record.replaying.result import Finding, ReplayedStep, Wish


def text_lines(step: ReplayedStep, *, with_samples: bool = False) -> Iterator[str]:
    """Without the ends of the lines; none for a step in which nothing happened."""
    new = [wish for wish in step.wishes if wish.is_new]
    if not (step.findings or new or with_samples):
        return
    names = {task.task_id: task for task in step.tasks}
    head = f"{step.seconds:9.3f}s {moment(step.now)}"
    for finding in step.findings:
        yield printable(f"{head} anomaly {finding.plugin}: {_suffers(finding, names)}")
    for wish in new:
        yield printable(f"{head} wish {wish.plugin}: {_wished(wish, names)}")
    for sample in step.samples if with_samples else ():
        yield printable(f"{head} sample {sample.series!r} {as_text(sample.value)}")


def _suffers(finding: Finding, tasks: dict[str, Task]) -> str:
    anomaly = finding.anomaly
    suspects = ", ".join(_named(one, tasks) for one in anomaly.contending_task_ids)
    context = ", ".join(map(_short, anomaly.context))
    text = f"{_named(anomaly.contended_task_id, tasks)} suffers, {anomaly.resource.value}"
    text += f": {suspects}" if suspects else ""
    return text + (f" ({context})" if context else "")


def _wished(wish: Wish, tasks: dict[str, Task]) -> str:
    text = f"{_named(wish.task_id, tasks)}: {wish.type} {as_text(wish.value)}"
    in_force = "unknown" if wish.in_force is None else as_text(wish.in_force)
    if wish.state == "wished":
        return f"{text} (in force: {in_force})"
    if wish.state == "clamped":
        return f"{text}, clamped to {as_text(wish.granted)} by {wish.reason} (in force: {in_force})"
    return f"{text}, refused: {wish.reason} (in force: {in_force})"


def _named(task_id: str, tasks: dict[str, Task]) -> str:
    """The id, and the name if it tells more."""
    task = tasks.get(task_id)
    if task is None:
        return f"{task_id} (not there)"
    return task_id if task.name in (task_id, task_id.strip("/")) else f"{task.name} [{task_id}]"


def _short(sample: Sample) -> str:
    """The labels of the task stand before it already."""
    levels = ",".join(f"{name}={value}" for name, value in sorted(sample.series.level_labels.items()))
    return f"{sample.name}{f'{{{levels}}}' if levels else ''} {as_text(sample.value)}"
