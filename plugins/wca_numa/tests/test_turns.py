"""A task that cannot be pinned does not keep the others from it."""

from __future__ import annotations

from dataclasses import replace

from wca_numa.allocator import NUMAAllocator

from plugins.wca_numa.tests.given import CPUS, GB, Given, Machine, call

BIG = Given("big", 30 * GB)
MIDDLE = Given("middle", 20 * GB)
SMALL = Given("small", 10 * GB)


def chosen(allocator: NUMAAllocator, *given: Given) -> str:
    (task_id,) = call(allocator, Machine().snapshot(*given)).wishes
    return task_id


def test_a_task_that_was_not_pinned_lets_the_others_go_first() -> None:
    allocator = NUMAAllocator(migrate_pages=False)

    turns = [chosen(allocator, BIG, MIDDLE, SMALL) for _ in range(7)]

    assert turns == ["big", "middle", "small", "big", "middle", "small", "big"]


def test_a_task_that_was_pinned_and_released_has_its_old_turn() -> None:
    allocator = NUMAAllocator(migrate_pages=False)
    chosen(allocator, BIG, MIDDLE)
    chosen(allocator, replace(BIG, cpus=CPUS[0]), MIDDLE)

    assert chosen(allocator, BIG, MIDDLE) == "big"


def test_a_new_task_goes_before_those_that_could_not_be_pinned() -> None:
    allocator = NUMAAllocator(migrate_pages=False)
    chosen(allocator, BIG)
    chosen(allocator, BIG)

    assert chosen(allocator, BIG, SMALL) == "small"
