"""The tasks that pods are, step after step: a pod that is as before is the very same task, and costs one look.

| changed since the step before | what is done |
|---|---|
| nothing | its cgroup is looked for where it was |
| its text, but nothing that matters (a resourceVersion, a probe's time) | it is judged again; the task stays |
| a container was not there yet | it is looked for again |
| anything else, or its cgroup is gone | it is found and made anew |
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from wca_core.host import Host
from wca_core.model.task import Task
from wca_k8s.pods import Pod, Rules, Verdict, name_of, uid_of, verdict_on
from wca_k8s.search import CgroupSearch, exists

log = logging.getLogger("wca.k8s")

TaskPer: TypeAlias = Literal["pod", "container"]

CGROUP_MISSING = "cgroup_missing"
TOO_MANY = "too_many"
MALFORMED = "malformed"
MOST_TOLD = 20
"""Messages about one pod."""


@dataclass(eq=False, slots=True)
class _Known:
    """A pod as it was in the last answer."""

    document: object
    verdict: Verdict
    path: str | None = None
    is_complete: bool = False
    """Whether the cgroups of all its containers were found."""
    tasks: tuple[Task, ...] = ()


@dataclass(eq=False, slots=True)
class PodTasks:
    """Keeps what is known about each pod of this node."""

    rules: Rules
    search: CgroupSearch
    task_per: TaskPer = "pod"
    max_tasks: int = 1000
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Pods of the last answer that are wanted but no tasks, by reason; one that there ever was stays, at 0."""
    _documents: Sequence[object] = ()
    _known: dict[str, _Known] = field(default_factory=dict)
    _malformed: int = 0
    _without_uid: Set[str] = frozenset()
    _told: dict[str, set[str]] = field(default_factory=dict)

    def of(self, documents: Sequence[object], host: Host) -> list[Task]:
        """In the order of the answer; pods known before keep their places, as a kubelet shuffles them.

        Pods that cannot be tasks now are counted in `skipped`.
        """
        if documents is not self._documents:
            self._judge(documents)
            self._documents = documents
        reasons = Counter(dict.fromkeys(self.skipped, 0))
        if self._malformed:
            reasons[MALFORMED] = self._malformed
        tasks: list[Task] = []
        for known in self._known.values():
            if known.verdict.pod is not None:
                self._find(known, known.verdict.pod, host)
                room = self.max_tasks - len(tasks)
                tasks += known.tasks[:room]
                reason = CGROUP_MISSING if not known.tasks else TOO_MANY if len(known.tasks) > room else ""
            else:
                reason = known.verdict.reason
            if reason:
                reasons[reason] += 1
        self.skipped = reasons
        return tasks

    def _judge(self, documents: Sequence[object]) -> None:
        """Look at the pods that changed."""
        by_uid: dict[str, object] = {}
        without_uid = []
        for document in documents:
            if uid := uid_of(document):
                by_uid.setdefault(uid, document)
            elif verdict_on(document, self.rules).reason == MALFORMED:
                without_uid.append(document)
        self._report_those_without_uid(without_uid)
        places = [uid for uid in self._known if uid in by_uid]
        self._known = {uid: self._judged(uid, by_uid[uid]) for uid in (*places, *by_uid)}
        self._told = {uid: told for uid, told in self._told.items() if uid in by_uid}

    def _report_those_without_uid(self, documents: Sequence[object]) -> None:
        """Each once as long as it is there."""
        self._malformed = len(documents)
        names = {name_of(document) for document in documents}
        for name in names - self._without_uid:
            log.warning("pod %s has no uid that can be part of a path; it is no task", name)
        self._without_uid = names

    def _judged(self, uid: str, document: object) -> _Known:
        try:
            return self._compared(uid, document)
        except RecursionError:
            verdict = Verdict(reason=MALFORMED, told="it is nested too deep")
            self._report(uid, document, verdict)
            return _Known(document, verdict)

    def _compared(self, uid: str, document: object) -> _Known:
        known = self._known.get(uid)
        if known is not None and known.document == document:
            known.document = document  # the new one: of the old answer nothing need stay
            return known
        verdict = verdict_on(document, self.rules)
        self._report(uid, document, verdict)
        if known is None or known.verdict.pod is None or verdict.pod is None:
            return _Known(document, verdict)
        if known.verdict.pod == verdict.pod:
            known.document = document
            return known
        return _Known(document, verdict, tasks=known.tasks)

    def _report(self, uid: str, document: object, verdict: Verdict) -> None:
        name = name_of(document)
        for complaint in verdict.complaints:
            self._tell(uid, f"pod {name}: {complaint}")
        if verdict.reason == MALFORMED:
            self._tell(uid, f"pod {name}: {verdict.told}; it is no task")
        elif verdict.reason:
            log.debug("pod %s is no task now: %s", name, verdict.told)

    def _tell(self, uid: str, message: str) -> None:
        """Once a pod, and not endlessly of one whose mistakes are ever new ones."""
        told = self._told.setdefault(uid, set())
        if message not in told and len(told) < MOST_TOLD:
            told.add(message)
            log.warning("%s", message)

    def _find(self, known: _Known, pod: Pod, host: Host) -> None:
        if known.path is not None and known.is_complete and exists(host, known.path):
            return
        known.path = self.search.pod(host, pod, not_of=self._known)
        if known.path is None:
            if known.tasks:
                log.debug("pod %s has no cgroup any more", pod.name)
            known.tasks, known.is_complete = (), False
            return
        places = [self.search.container(host, known.path, container) for container in pod.containers]
        known.is_complete = all(is_there for _, is_there in places)
        before = {task.task_id: task for task in known.tasks}
        made = _tasks_of(pod, known.path, places, self.task_per)
        known.tasks = tuple(before[task.task_id] if before.get(task.task_id) == task else task for task in made)


def _tasks_of(pod: Pod, path: str, places: Sequence[tuple[str, bool]], task_per: TaskPer) -> Iterator[Task]:
    if task_per == "pod":
        yield Task(
            task_id=pod.uid,
            name=pod.name,
            cgroup_path=path,
            subcgroups_paths=tuple(place for place, _ in places),
            labels=pod.labels,
            resources=pod.resources,
        )
        return
    for container, (place, is_there) in zip(pod.containers, places, strict=True):
        if is_there:
            yield Task(
                task_id=f"{pod.uid}.{container.name}",
                name=f"{pod.name}/{container.name}",
                cgroup_path=place,
                labels=pod.labels,
                resources=pod.resources_by_container.get(container.name, {}),
            )
