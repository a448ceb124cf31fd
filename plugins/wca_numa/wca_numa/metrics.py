"""What the allocator tells of its view and its decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.sysfs import read_number
from wca_core.model.metric import Metric, Sample, counter, gauge
from wca_numa.balance import Balance
from wca_numa.migration import Migration

BALANCED_TASKS = Metric("numa__balanced_memory_tasks", "Tasks pinned to a NUMA node.", gauge, levels=("numa_node",))
BALANCED_SIZE = Metric(
    "numa__balanced_memory_size",
    "Memory that the tasks pinned to a NUMA node count for.",
    gauge,
    unit="bytes",
    levels=("numa_node",),
)
TASKS_COUNT = Metric("numa__task_tasks_count", "Tasks that the NUMA allocator was shown.", gauge)
CURRENT_NODE = Metric("numa__task_current_node", "NUMA node that the task is pinned to; -1: to none.", gauge)
PAGES_TO_MOVE = Metric(
    "numa__task_pages_to_move", "Pages of the task that were to be moved to its node, since the agent started.", gauge
)
TOTAL_PAGES_TO_MOVE = Metric("numa__total_pages_to_move", "The same of all tasks that are there.", gauge)
PIN_DECISIONS = Metric("numa__pin_decisions", "Times that a task was to be pinned to a NUMA node.", counter)
PIN_REJECTED = Metric(
    "numa__pin_rejected", "Times that a task was not pinned for a reason.", counter, levels=("reason",)
)
AUTO_BALANCING = Metric(
    "numa__auto_balancing", "Whether the kernel moves pages by itself (kernel.numa_balancing).", gauge
)
MIGRATE_FAILED = Metric("wca_migrate_pages_failed", "Pages that could not be moved to another NUMA node.", counter)
MIGRATE_ERRORS = Metric(
    "wca_migrate_pages_errors", "Processes whose pages the kernel refused to move.", counter, levels=("errno",)
)
MIGRATE_LEFT = Metric(
    "wca_migrate_pages_left", "Tasks whose pages are to be moved further in the next step, as time was up.", gauge
)

OF_STATE = (BALANCED_TASKS, BALANCED_SIZE, TASKS_COUNT)
METRICS = (
    *OF_STATE,
    *(CURRENT_NODE, PAGES_TO_MOVE, TOTAL_PAGES_TO_MOVE, PIN_DECISIONS, PIN_REJECTED, AUTO_BALANCING),
    *(MIGRATE_FAILED, MIGRATE_ERRORS, MIGRATE_LEFT),
)


def of_state(balance: Balance, tasks: int) -> Iterator[Sample]:
    """What there is before anything is decided."""
    for node, residents in balance.load.items():
        yield BALANCED_TASKS.sample(len(residents), numa_node=node)
        yield BALANCED_SIZE.sample(balance.memory(node), numa_node=node)
    yield TASKS_COUNT.sample(tasks)


def of_machine(host: Host | None) -> Iterator[Sample]:
    """What else moves pages here."""
    if host is None:
        return
    with suppress(HostError):
        mode = read_number(f"{host.proc}/sys/kernel/numa_balancing")
        if mode is not None:
            yield AUTO_BALANCING.sample(mode & 1)  # 2 is for tiers of memory


def of_migration(migration: Migration) -> Iterator[Sample]:
    """Of all steps before this one."""
    yield MIGRATE_FAILED.sample(migration.failed)
    yield MIGRATE_LEFT.sample(len(migration.left))
    for name, number in sorted(migration.errors.items()):
        yield MIGRATE_ERRORS.sample(number, errno=name)
