"""An allocator that looks at what it achieved: what the replay says is in force decides what it wishes next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wca_record import Options, RecordedStep, replay

from plugins.wca_record.tests.replay.given import BATCH, WEB, recorded
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, Samples, gauge
from wca_core.model.platform import Platform

NUMAAllocator = pytest.importorskip("wca_numa.allocator").NUMAAllocator

NODES = Platform(
    topology={0: {0: (0,), 1: (1,)}, 1: {0: (2,), 1: (3,)}},
    node_cpus={0: frozenset({0, 1}), 1: frozenset({2, 3})},
    node_distances={0: {0: 10, 1: 20}, 1: {0: 20, 1: 10}},
    node_has_memory=frozenset({0, 1}),
)
FREE = Metric("platform_mem_numa_free_bytes", "Free.", gauge, levels=("numa_node",))
USED = Metric("platform_mem_numa_used_bytes", "Used.", gauge, levels=("numa_node",))
PAGES = Metric("task_mem_numa_pages", "Pages.", gauge, levels=("numa_node",))
EVERYWHERE = tuple(Allocation(task.task_id, AllocationType.CPUSET_CPUS, "0-3") for task in (WEB, BATCH))


def on_two_nodes() -> list[RecordedStep]:
    """Two tasks on all CPUs, the pages of one on node 0, of the other on node 1."""
    beside = [metric.sample(1e9, numa_node=node) for metric in (FREE, USED) for node in (0, 1)]
    beside += [PAGES.sample(1000, WEB, numa_node=0), PAGES.sample(900, BATCH, numa_node=1)]
    more = Samples.of(beside)
    return [
        replace(
            step,
            platform=NODES,
            samples=Samples([*step.samples.series, *more.series], [*step.samples.values, *more.values]),
        )
        for step in recorded([{WEB.task_id: 0.5}] * 4, in_force=EVERYWHERE, memory=1e8)
    ]


def pinned(*, feeds_back: bool) -> list[list[tuple[str, object]]]:
    """By step."""
    result = replay(on_two_nodes(), [NUMAAllocator(migrate_pages=False)], Options(feeds_back=feeds_back))
    return [[(wish.task_id, wish.value) for wish in step.wishes] for step in result.steps]


def test_with_feedback_an_allocator_has_its_way_and_is_done() -> None:
    assert pinned(feeds_back=True) == [[("/web", "0,1")], [("/batch", "2,3")], [], []]


def test_without_it_an_allocator_wishes_on() -> None:
    assert all(len(wishes) == 1 for wishes in pinned(feeds_back=False))
