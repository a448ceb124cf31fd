"""Keeps the CPUs and the memory of each task on one NUMA node, and moves pages for whoever wishes it.

In each step it wishes that at most one task more is pinned to a node. Which pages are moved is wished by it or by other
allocators; that they move is this plugin's work in any case.
"""

from __future__ import annotations

import logging
import mmap
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from wca_core.builtin.complaints import Complaints
from wca_core.config.field_types import Between, LabelName, Regexp
from wca_core.host import Host
from wca_core.linux.procfs import read_meminfo
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.metric import Metric, Sample
from wca_core.model.requirement import Requirement
from wca_core.model.snapshot import Snapshot
from wca_core.model.write import Change
from wca_core.plugin_api import hookimpl, plugin
from wca_numa import metrics, sight
from wca_numa.balance import Balance, Nodes
from wca_numa.choose import Algorithm
from wca_numa.decide import Rules, Turns, decide, is_pinnable
from wca_numa.ledger import Ledger
from wca_numa.migration import Migration
from wca_numa.page_write import PageWrite, refusal, way_to
from wca_numa.remigrate import to_remigrate
from wca_numa.residency import Resident, in_order
from wca_numa.wishes import Means, of_migration, of_pin

log = logging.getLogger("wca.numa")

Share = Annotated[float, Between(0, 1)]
Node = Annotated[int, Between(0, 1023)]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class NUMAAllocator:
    """Pins tasks to NUMA nodes, one in each step, and lets their pages follow."""

    algorithm: Algorithm = "fill_biggest_first"
    """Which node: where least memory is pinned, or (minimize_migration) rather where the task's pages are."""
    loop_min_task_balance: Share = 0.0
    """With minimize_migration: a task is left alone until some node has at least this part of its pages."""
    free_space_check: bool = False
    """A task is pinned only where what it has elsewhere fits into the free memory."""
    migrate_pages: bool = True
    """Pages follow when a task is pinned."""
    migrate_pages_min_task_balance: Share | None = 0.95
    """A pinned task with a smaller part of its pages on its node has them moved again, once that node has most free
    memory; null: never."""
    cgroups_memory_binding: bool = False
    """A pinned task gets new memory from its node only (`cpuset_mems`)."""
    cgroups_memory_migrate: bool = False
    """And the kernel moves what it has (`cpuset_memory_migrate`); on cgroup v2 it always does."""
    dryrun: bool = False
    """Choose nothing, only tell what is on each node. Pages are still moved for other allocators."""
    page_size: Annotated[int, Between(1)] = mmap.PAGESIZE
    """Bytes that `task_mem_numa_pages` counts in."""
    candidate_nodes: list[Node] | None = None
    """The nodes that tasks may be pinned to; null: all with CPUs and memory."""
    task_selector: dict[LabelName, Regexp] | None = None
    """Only tasks are pinned that have all these labels, each matching from its beginning; null: all."""
    keep_subset_pinning: bool = False
    """A task on some of the CPUs of one node counts as pinned to it, as by the kubelet's static CPU manager."""
    migrate_from_nodes: list[Node] | None = None
    """Pages are taken from these nodes only; null: from all."""
    migrate_pages_budget: Annotated[float, Between(0)] = 5.0
    """Seconds in one step for moving pages; at least one process is moved, and what is left follows in later steps."""
    allow_swap: bool = False
    """Move pages although there is swap."""

    _host: Host | None = field(default=None, init=False, repr=False)
    _turns: Turns = field(default_factory=Turns, init=False, repr=False)
    _ledger: Ledger = field(default_factory=Ledger, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self._host = host
        if self.cgroups_memory_migrate and not self.cgroups_memory_binding:
            log.warning("cgroups_memory_migrate has no effect without cgroups_memory_binding")

    @hookimpl
    def describe_metrics(self) -> Sequence[Metric]:
        return metrics.METRICS

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_numa.needs import needs  # what it looks at is not needed to start

        return needs(moves_pages=self.migrate_pages)

    @hookimpl
    def allocate(self, snapshot: Snapshot) -> Iterator[Allocation | Sample]:
        residents, balance = self._seen(snapshot)
        yield from metrics.of_state(balance, len(snapshot.tasks))
        may_move = self._may_move(snapshot)
        migrating: set[str] = set()
        if not self.dryrun:
            for wish in self._wishes(residents, balance, moves_pages=self.migrate_pages and may_move):
                migrating |= {wish.task_id} if wish.type is AllocationType.MIGRATE_PAGES else set()
                yield wish
            yield from self._ledger.samples(residents)
            yield from metrics.of_machine(self._host)
        if not self.dryrun or self._migration.has_begun:
            yield from metrics.of_migration(self._migration)
        if may_move:
            yield from self._unfinished(snapshot, migrating)

    @hookimpl
    def check_allocations(self, changes: Sequence[Change], host: Host) -> Iterator[Allocation | Refusal]:
        mine = _of_pages(changes)
        has_swap = bool(mine) and not self.allow_swap and any(read_meminfo(host.proc, ("SwapTotal",)).values())
        for change in mine:
            yield refusal(change, host.platform, has_swap=has_swap) or change.wanted

    @hookimpl
    def plan_writes(self, changes: Sequence[Change], host: Host) -> Iterator[PageWrite]:
        self._migration.forget_all_but(host.known_tasks)
        mine = _of_pages(changes)
        turn = self._migration.round(change.task.task_id for change in mine)
        for change in mine:
            way = way_to(change, host.platform, self._sources)
            yield PageWrite(change, way, host, self._migration, turn)

    def _seen(self, snapshot: Snapshot) -> tuple[Sequence[Resident], Balance]:
        """The tasks, those with most memory first, and what is on the nodes."""
        platform = snapshot.platform
        needs_memory = self.cgroups_memory_binding or self.migrate_pages
        cpus = sight.candidates(platform, self.candidate_nodes, needs_memory=needs_memory) if platform else {}
        nodes = sight.nodes_in(snapshot, cpus)
        residents = in_order(sight.residents_in(snapshot, nodes, keeps_subsets=self.keep_subset_pinning))
        self._tell_what_is_missing(nodes, residents)
        return residents, Balance.of(nodes, residents)

    def _wishes(self, residents: Sequence[Resident], balance: Balance, *, moves_pages: bool) -> Iterator[Allocation]:
        """Also counts them."""
        self._ledger.turn_to(residents)
        pinnable = [one for one in residents if is_pinnable(one) and self._is_selected(one)]
        decision = decide(self._turns.in_turn(pinnable), balance, self._rules)
        self._ledger.rejected(decision.rejected)
        if decision.pinned is not None:
            yield from self._pin(decision.pinned, decision.node, balance, moves_pages=moves_pages)
        least_share = self.migrate_pages_min_task_balance
        if moves_pages and least_share is not None:
            selected = filter(self._is_selected, residents)
            for resident in to_remigrate(selected, balance.nodes, least_share, self._sources):
                self._ledger.moved(resident, resident.node, self._sources)
                yield of_migration(resident.task.task_id, resident.node)

    def _pin(self, resident: Resident, node: int, balance: Balance, *, moves_pages: bool) -> Iterator[Allocation]:
        means = Means(
            binds_memory=self.cgroups_memory_binding,
            kernel_moves=self.cgroups_memory_migrate,
            moves_pages=moves_pages,
            is_v2=self.cgroups_memory_binding and self._is_v2,
        )
        self._ledger.pinned()
        self._turns.wished(resident.task.task_id)
        if means.migrates_when_pinning:
            self._ledger.moved(resident, node, self._sources)
        yield from of_pin(resident.task.task_id, node, balance.nodes.cpus[node], means)

    def _unfinished(self, snapshot: Snapshot, migrating: Collection[str]) -> Iterator[Allocation]:
        """Pages that could not be moved in the steps before go on, unless they are to be moved anyway."""
        left = self._migration.left
        possible = snapshot.platform.node_has_memory if snapshot.platform else frozenset()
        for task in snapshot.tasks if left else ():
            node = left.get(task.task_id)
            if node is not None and node in possible and task.task_id not in migrating:
                yield of_migration(task.task_id, node)

    def _is_selected(self, resident: Resident) -> bool:
        return sight.is_selected(resident.task, self._labels)

    def _may_move(self, snapshot: Snapshot) -> bool:
        """Else a wish would be refused, and with it perhaps all others of the step."""
        if self.allow_swap or not sight.has_swap(snapshot):
            return True
        if self.migrate_pages and not self.dryrun:
            message = "pages are not moved while there is swap: swapoff -a, or allow_swap: true"
            self._complaints.tell(logging.WARNING, "swap", "", message)
        return False

    def _tell_what_is_missing(self, nodes: Nodes, residents: Sequence[Resident]) -> None:
        for node in self.candidate_nodes or ():
            if node not in nodes.cpus:
                message = f"candidate_nodes: node {node} is not here, or has no CPUs or no memory; it is left out"
                self._complaints.tell(logging.WARNING, "node", str(node), message)
        if not nodes.total:
            message = f"{sight.FREE} is missing (plugin platform): how much memory tasks have may not be known"
            self._complaints.tell(logging.WARNING, "free", "", message)
        if residents and not any(resident.pages for resident in residents):
            message = f"{sight.PAGES} is missing (plugin cgroup, memory.numa_stat): where pages are is not known"
            self._complaints.tell(logging.WARNING, "pages", "", message)

    @property
    def _is_v2(self) -> bool:
        return self._host is not None and not self._host.hierarchies.is_v1("cpuset")

    @cached_property
    def _migration(self) -> Migration:
        return Migration(self.migrate_pages_budget)

    @cached_property
    def _rules(self) -> Rules:
        return Rules(
            algorithm=self.algorithm,
            least_share=self.loop_min_task_balance,
            needs_room=self.free_space_check,
            page_size=self.page_size,
        )

    @cached_property
    def _labels(self) -> sight.Labels:
        return {name: re.compile(pattern) for name, pattern in (self.task_selector or {}).items()}

    @cached_property
    def _sources(self) -> frozenset[int] | None:
        return None if self.migrate_from_nodes is None else frozenset(self.migrate_from_nodes)


def _of_pages(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.wanted.type is AllocationType.MIGRATE_PAGES]
