"""Storages that block, fail and end: the step never waits for them."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from wca_core.dispatch import Dispatcher
from wca_core.model.metric import Metric, Sample, Samples, gauge
from wca_core.model.statistics import Statistics
from wca_core.plugin_api import hookimpl, plugin
from wca_core.storing import Storages
from wca_core.testing import Machine, Memory, running, whole_binding

VALUE = Metric("value", "A value.", gauge)


@plugin(api=1)
@dataclass(eq=False)
class Slow:
    """Blocks in `store` until it is let go."""

    go: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    stored: list[tuple[str, list[float]]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.go.wait(30)
        self.stored.append((stream, list(samples.values)))


def one(value: float) -> Samples:
    return Samples.of([VALUE.sample(value)])


def storages(*plugins: object) -> tuple[Storages, Statistics]:
    statistics = Statistics()
    return Storages(Dispatcher([whole_binding(one) for one in plugins], statistics)), statistics


def test_a_storage_that_blocks_costs_the_steps_nothing_and_its_drops_are_counted(tmp_path: Path) -> None:
    slow, memory = Slow(), Memory()

    with running(Machine(tmp_path), [slow, memory]) as agent:
        agent.step()
        assert slow.entered.wait(10)
        for _ in range(9):
            agent.step()
        dropped = agent.host.statistics.plugin("slow").dropped
        slow.go.set()

    assert len(memory.stored["metrics"]) == 10
    assert dropped == 8
    assert len(slow.stored) == 2
    assert slow.threads == {"store-slow"}


def test_of_what_waits_the_newest_is_stored() -> None:
    slow = Slow()
    parts, _ = storages(slow)
    parts.store(one(1), "metrics")
    assert slow.entered.wait(10)

    for value in (2, 3, 4):
        parts.store(one(value), "metrics")
    slow.go.set()
    parts.stop()

    assert slow.stored == [("metrics", [1]), ("metrics", [4])]


def test_streams_do_not_drop_each_other() -> None:
    slow = Slow()
    parts, statistics = storages(slow)
    parts.store(one(0), "metrics")
    assert slow.entered.wait(10)

    for stream in ("metrics", "anomalies", "allocations"):
        parts.store(one(1), stream)
    slow.go.set()
    parts.stop()

    assert sorted(stream for stream, _ in slow.stored[1:]) == ["allocations", "anomalies", "metrics"]
    assert statistics.plugin("slow").dropped == 0


def test_what_waits_at_the_end_is_still_stored() -> None:
    slow = Slow()
    slow.go.set()
    parts, _ = storages(slow)

    parts.store(one(7), "metrics")
    parts.stop()

    assert slow.stored == [("metrics", [7])]


def test_stop_returns_though_a_storage_blocks_for_ever() -> None:
    slow = Slow()
    parts, _ = storages(slow)
    parts.store(one(1), "metrics")
    assert slow.entered.wait(10)

    started = time.monotonic()
    parts.stop(patience=0.05)

    assert time.monotonic() - started < 2
    slow.go.set()


def test_several_storages_that_block_share_the_patience() -> None:
    slow = [type(f"Slow{number}", (Slow,), {})() for number in range(5)]
    parts, _ = storages(*slow)
    parts.store(one(1), "metrics")
    assert all(storage.entered.wait(10) for storage in slow)

    started = time.monotonic()
    parts.stop(patience=0.2)

    assert time.monotonic() - started < 0.9
    for storage in slow:
        storage.go.set()


def test_a_storage_that_fails_keeps_no_other_from_its_samples(tmp_path: Path) -> None:
    @plugin(api=1)
    class Broken:
        stores_locally = True

        @hookimpl
        def store(self) -> None:
            raise OSError("disk full")

    memory = Memory()

    with running(Machine(tmp_path), [Broken(), memory]) as agent:
        agent.step()
        agent.step()

    assert len(memory.stored["metrics"]) == 2
    assert agent.host.statistics.plugin("broken").errors == {"store": 2}


def test_a_storage_is_given_only_its_streams() -> None:
    slow = Slow()
    slow.go.set()
    binding = whole_binding(slow)
    binding.streams = frozenset({"anomalies"})
    parts = Storages(Dispatcher([binding], Statistics()))

    parts.store(one(1), "metrics")
    parts.store(one(2), "anomalies")
    parts.stop()

    assert slow.stored == [("anomalies", [2])]


def test_an_agent_without_a_detector_stores_only_metrics(tmp_path: Path) -> None:
    memory = Memory()

    @plugin(api=1)
    class Collector:
        @hookimpl
        def collect_metrics(self) -> list[Sample]:
            return [VALUE.sample(1)]

    with running(Machine(tmp_path), [Collector(), memory]) as agent:
        agent.step()

    assert list(memory.stored) == ["metrics"]
