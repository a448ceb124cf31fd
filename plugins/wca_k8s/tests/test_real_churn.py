"""Pods that come and go faster than anybody's should, steps of 100 ms, and a kubelet that is away for a while.

A step is judged by what stood there all the time that it took, and by what was gone before it began.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from threading import Thread

import pytest
from wca_k8s.node import KubernetesNode

from plugins.wca_k8s.tests.given import Json, container_id, pod, status
from plugins.wca_k8s.tests.servers import FakeKubelet, hung_up, serving
from tests.certificates import Authority, needs_openssl
from tests.cgroups import Cgroup, Cgroups, first_line, real_cgroups_or_skip
from tests.measuring import SLEEPING
from wca_core.agent import Agent, Step
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.host import Host
from wca_core.testing import running
from wca_core.tls import SSL

pytestmark = [pytest.mark.root, pytest.mark.vm, needs_openssl]

INTERVAL = 0.1
TOTAL = 200
PER_SECOND = 40
MOST_ALIVE = 60
OUTAGE = float(os.environ.get("WCA_K8S_OUTAGE", "3"))
"""Seconds."""


@dataclass(eq=False, slots=True)
class Life:
    """A pod: when it was there in full, when it began to go, and when nothing was left of it."""

    uid: str
    document: Json
    cgroup: Cgroup
    made: float = inf
    unmaking: float = inf
    gone: float = inf


@dataclass(eq=False)
class Churn:
    """Starts and deletes pods in a thread of its own, at an even pace."""

    kubelet: FakeKubelet
    cgroups: Cgroups
    lives: list[Life] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _alive: list[Life] = field(default_factory=list)
    error: BaseException | None = None

    def run(self) -> None:
        try:
            due = time.monotonic()
            while len(self.lives) < TOTAL or self._alive:
                self._one()
                due += 1 / PER_SECOND
                time.sleep(max(0.0, due - time.monotonic()))
        except BaseException as error:  # noqa: BLE001  told by the test
            self.error = error

    def _one(self) -> None:
        is_full = len(self._alive) >= MOST_ALIVE or len(self.lives) >= TOTAL
        if self._alive and (is_full or self._random.random() < 0.4):
            self._delete(self._alive.pop(self._random.randrange(len(self._alive))))
        else:
            self._start()

    def _start(self) -> None:
        number = len(self.lives) + 1
        uid = f"00000000-0000-0000-0000-{number:012}"
        cgroup = self.cgroups.make(f"kubepods/burstable/pod{uid}/{container_id(number)}")
        life = Life(uid, pod(uid, name=f"pod-{number}", statuses=[status(number)]), cgroup)
        self.lives.append(life)
        self._alive.append(life)
        if number % 10 == 0:
            first_line(cgroup.run(*SLEEPING))
        self._tell()
        life.made = time.monotonic()

    def _delete(self, life: Life) -> None:
        """In either order: a kubelet may still tell of a pod whose cgroup is gone."""
        life.unmaking = time.monotonic()
        if self._random.random() < 0.5:
            self._tell()
        Cgroup(life.cgroup.trees, life.cgroup.path, life.cgroup.processes).remove()
        Cgroup(life.cgroup.trees, life.cgroup.path.rpartition("/")[0]).remove()
        life.gone = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        self.kubelet.pods = self._random.sample([life.document for life in self._alive], len(self._alive))


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[FakeKubelet]:
    authority = Authority.made(tmp_path)
    made = FakeKubelet(authority)
    with serving(made):
        yield made


def node_of(kubelet: FakeKubelet, cgroups: Cgroups, tmp_path: Path, max_staleness: float = 0.0) -> KubernetesNode:
    return KubernetesNode(
        kubelet_enabled=True,
        kubelet_endpoint=kubelet.url,
        ssl=SSL(server_verify=str(tmp_path / "ca.pem")),
        cgroup_root=cgroups.parent,
        max_staleness=max_staleness,
    )


def faults_of(step: Step, began: float, ended: float, lives: list[Life]) -> list[str]:
    seen = {task.task_id for task in step.tasks}
    sampled = {one.labels["task_id"] for one in step.samples if one.name == "task_cpu_usage_seconds"}
    required = {life.uid for life in lives if life.made <= began and life.unmaking >= ended}
    gone = {life.uid for life in lives if life.gone <= began}
    return [
        *(f"{uid} is lost" for uid in required - seen),
        *(f"{uid} has no samples" for uid in required - sampled),
        *(f"{uid} is gone but told of" for uid in gone & (seen | sampled)),
    ]


@pytest.mark.timeout(180)
def test_no_pod_is_lost_and_none_outlives_its_end(cgroups: Cgroups, kubelet: FakeKubelet, tmp_path: Path) -> None:
    churn = Churn(kubelet, cgroups)
    thread = Thread(target=churn.run)
    faults, steps, most = [], 0, 0
    with running(Host(), [node_of(kubelet, cgroups, tmp_path), CgroupMetrics()]) as agent:
        thread.start()
        while thread.is_alive():
            began = time.monotonic()
            step = agent.step()
            ended = time.monotonic()
            faults += faults_of(step, began, ended, list(churn.lives))
            steps, most = steps + 1, max(most, len(step.tasks))
            time.sleep(max(0.0, INTERVAL - (time.monotonic() - began)))
        last = agent.step()
        statistics = agent.host.statistics
    thread.join()

    assert churn.error is None
    assert faults == []
    assert len(churn.lives) == TOTAL
    assert (most > MOST_ALIVE // 3, steps > 10) == (True, True)
    assert last.tasks == ()
    assert not any(health.errors.total() for health in statistics.plugins.values())


def stand(cgroups: Cgroups, kubelet: FakeKubelet, count: int = 5) -> None:
    """Pods that stay."""
    pods = []
    for number in range(1, count + 1):
        uid = f"00000000-0000-0000-0000-{number:012}"
        first_line(cgroups.make(f"kubepods/burstable/pod{uid}/{container_id(number)}").run(*SLEEPING))
        pods.append(pod(uid, name=f"pod-{number}", statuses=[status(number)]))
    kubelet.pods = pods


def steps_for(agent: Agent, seconds: float) -> Iterator[Step]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield agent.step()
        time.sleep(INTERVAL)


@pytest.mark.timeout(180)
def test_a_kubelet_that_is_away_costs_its_tasks_samples_and_no_task(
    cgroups: Cgroups, kubelet: FakeKubelet, tmp_path: Path
) -> None:
    stand(cgroups, kubelet)
    with running(Host(), [node_of(kubelet, cgroups, tmp_path), CgroupMetrics()]) as agent:
        before = agent.step()
        kubelet.behaviour = hung_up
        away = list(steps_for(agent, OUTAGE))
        kubelet.behaviour = None
        known = dict(agent.host.known_tasks)
        after = next(step for step in steps_for(agent, 60) if step.tasks)

    assert len(before.tasks) == 5
    assert all(step.tasks == () and "wca_discovery_errors" in names(step) for step in away)
    assert len(known) == 5
    assert all(one is other for one, other in zip(before.tasks, after.tasks, strict=True))


@pytest.mark.timeout(180)
def test_a_kubelet_that_is_away_costs_only_freshness_where_staleness_is_permitted(
    cgroups: Cgroups, kubelet: FakeKubelet, tmp_path: Path
) -> None:
    stand(cgroups, kubelet)
    node = node_of(kubelet, cgroups, tmp_path, max_staleness=OUTAGE + 60)
    with running(Host(), [node, CgroupMetrics()]) as agent:
        before = agent.step()
        kubelet.behaviour = hung_up
        away = list(steps_for(agent, OUTAGE))
        kubelet.behaviour = None
        after = agent.step()

    assert len(away) > 5
    for step in away:
        assert step.tasks is before.tasks
        assert names(step) == names(before) | {"wca_discovery_errors"}
        assert value(step, "wca_k8s_stale") == 1
    assert value(after, "wca_k8s_stale") == 0


def names(step: Step) -> set[str]:
    return {sample.name for sample in step.samples}


def value(step: Step, name: str) -> float:
    return next(sample.value for sample in step.samples if sample.name == name)
