"""What probes are told, by how the steps go."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.asking import asked
from wca_core.agent import Agent
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, whole_binding


@plugin(api=1)
@dataclass(eq=False)
class Discoverer:
    """Fails on demand."""

    fails: bool = False

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        if self.fails:
            raise OSError("the kubelet does not answer")
        return []


class Watched:
    """A storage and the agent that steps for it, by a clock that is told the time."""

    def __init__(self, machine: Machine) -> None:
        self.clock = machine.clock
        self.discoverer = Discoverer()
        self.storage = PrometheusStorage(listen="127.0.0.1:0")
        self.agent = Agent([whole_binding(one) for one in (self.discoverer, self.storage)], machine.host())

    def steps(self, count: int, interval: float = 5.0) -> None:
        for _ in range(count):
            self.clock.advance(interval)
            self.agent.step()

    def probe(self, path: str) -> tuple[int, str]:
        reply = asked(self.storage.url, path)
        return reply.status, reply.text.strip()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(Machine(tmp_path))
    watched.agent.start()
    yield watched
    watched.agent.stop()


def test_an_agent_that_steps_is_alive_and_ready(watched: Watched) -> None:
    watched.steps(3)

    assert [watched.probe(path) for path in ("/healthz", "/readyz")] == [(200, "ok")] * 2


def test_an_agent_is_alive_but_not_ready_before_its_first_step(watched: Watched) -> None:
    watched.clock.advance(200)

    assert watched.probe("/healthz") == (200, "ok")
    assert watched.probe("/readyz") == (503, "no step has ended yet")


def test_an_agent_whose_first_step_does_not_end_is_not_alive(watched: Watched) -> None:
    watched.clock.advance(211)

    assert watched.probe("/healthz") == (503, "no step has ended within 211 s")


@pytest.mark.parametrize(("interval", "patience"), [(1, 33), (5, 45), (60, 210)])
def test_an_agent_that_hangs_is_neither_after_three_intervals_and_30_s(
    watched: Watched, interval: float, patience: float
) -> None:
    watched.steps(3, interval)
    watched.clock.advance(patience)
    before = watched.probe("/healthz"), watched.probe("/readyz")
    watched.clock.advance(0.6)
    after = watched.probe("/healthz"), watched.probe("/readyz")

    assert before == ((200, "ok"), (200, "ok"))
    complaint = f"the last step ended {patience + 0.6:.0f} s ago"
    assert after == ((503, complaint), (503, complaint))


def test_an_agent_that_goes_on_after_a_hang_is_alive_again(watched: Watched) -> None:
    watched.steps(2)
    watched.clock.advance(1000)
    is_hanging = watched.probe("/healthz")[0]
    watched.steps(1)

    assert (is_hanging, watched.probe("/healthz")) == (503, (200, "ok"))
    watched.steps(1)
    watched.clock.advance(46)
    assert watched.probe("/healthz")[0] == 503


def test_an_agent_without_discovery_for_more_than_five_steps_is_alive_but_not_ready(watched: Watched) -> None:
    watched.steps(1)
    watched.discoverer.fails = True
    verdicts = []
    for _ in range(6):
        watched.steps(1)
        verdicts.append(watched.probe("/readyz")[0])
    complaint = watched.probe("/readyz")[1]
    is_alive = watched.probe("/healthz")
    watched.discoverer.fails = False
    watched.steps(10)  # the discoverer pauses after its failures

    assert verdicts == [200] * 5 + [503]
    assert complaint == "no discoverer has succeeded in the last 6 steps"
    assert is_alive == watched.probe("/readyz") == (200, "ok")
