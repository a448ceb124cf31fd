"""All counters of all tasks, read in one go: the part of a step that grows with tasks and CPUs.

One list of descriptors is kept for all, since a call for each task costs as much as reading one of its groups.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from wca_core.model.metric import Block
from wca_rdt.perf.bulk import Bulk
from wca_rdt.perf.derived import Derivation
from wca_rdt.perf.descriptors import Descriptors
from wca_rdt.perf.of_task import TaskCounters

ROUNDS = 16
"""In so many steps each task is looked at once, whether its cgroups are those that were opened, and on which CPUs. Only
a cgroup made anew under its name, of a task that stayed the same, and `perf_cpus: cpuset` wait for that."""

AT_ONCE = 16
"""So many tasks, if there are, have their turn in the same step: to look at the first costs several times what
another does, because nothing of it is in the caches of the CPU."""


class Sweep:
    """The tasks of a step, as long as they and the CPUs are the same."""

    def __init__(
        self, states: Sequence[TaskCounters], cpus: Collection[int], descriptors: Descriptors, events: int
    ) -> None:
        self.states = states
        self.cpus = cpus
        self.round = 0
        """Which of the `ROUNDS` this step is. Who makes another sweep hands it on: else nobody's turn would come where
        tasks come and go in every step."""
        self._descriptors = descriptors
        self._events = events
        self._changes = -1
        self._leaders: list[int] = []
        self._sizes: list[int] = []
        self._parts: list[tuple[TaskCounters, int, int]] = []
        """Of each task, and where its descriptors begin and end."""
        self._bulk: Bulk | None = None
        """Of the tasks whose descriptors come first."""
        self._unsettled: list[TaskCounters] = []
        for state in states:
            state.settle(cpus)

    def read(self) -> None:
        """Renew what all tasks know."""
        for state in self._unsettled:
            state.settle(self.cpus)  # one that is settled now is met by `_arrange`, since it opened something
        is_rearranged = self._changes != self._descriptors.changes
        if is_rearranged:
            self._arrange()
        try:
            texts = list(map(os.read, self._leaders, self._sizes))
        except OSError:
            texts = [_read(leader, size) for leader, size in zip(self._leaders, self._sizes, strict=True)]
        first = self._in_bulk(texts)
        for state, start, end in self._parts[first:]:
            part = texts[start:end]
            if part != state.texts or not state.is_steady:
                state.take(part)
        self._look_after(all_told=is_rearranged)

    def blocks(self, derivation: Derivation | None, now: float) -> Iterator[Block]:
        """The samples of all tasks after a `read` at this moment."""
        for state in self.states:
            if not state.is_told:
                state.tell()
            if state.block is not None:
                yield state.block
                if derivation is not None and state.counts:
                    yield from state.samples.derived(state.counts, now, derivation)

    def _look_after(self, *, all_told: bool) -> None:
        """Those whose turn it is. A cgroup that counted something just now is there, so that it need not be asked.

        Who did is known by what is to be told again, unless that is everybody.
        """
        self.round = (self.round + 1) % ROUNDS
        count = max(AT_ONCE, -(-len(self.states) // ROUNDS))
        for state in self.states[self.round * count : (self.round + 1) * count]:
            was_settled = state.is_settled
            if state.is_told or all_told:
                state.look()
            if was_settled and (state.is_bound or not state.is_settled):
                state.settle(self.cpus)

    def _in_bulk(self, texts: list[bytes]) -> int:
        """How many tasks are done at once; none if one of them is not what it was: then each is met by itself."""
        if self._bulk is None:
            return 0
        count = len(self._bulk.countings)
        changed = self._bulk.take(texts[: self._parts[count - 1][2]])
        if changed is None:
            self._changes = -1
            return 0
        for place in changed:
            self._parts[place][0].is_told = False
        return count

    def _arrange(self) -> None:
        """Something was opened or closed, or is not plain any more."""
        self._leaders, self._sizes, self._parts, self._unsettled = [], [], [], []
        groups, alike = self._alike()
        countings = [counting for state in alike if (counting := state.plain) is not None]
        self._bulk = Bulk(countings, groups, self._events) if groups else None
        first = set(map(id, alike))
        for state in (*alike, *(state for state in self.states if id(state) not in first)):
            state.counts = state.plain.counted if state.plain is not None else state.counts
            state.is_told = False
            start = len(self._leaders)
            self._leaders += state.leaders
            self._sizes += state.sizes
            self._parts.append((state, start, len(self._leaders)))
            if not state.is_settled:
                self._unsettled.append(state)
        self._changes = self._descriptors.changes

    def _alike(self) -> tuple[int, list[TaskCounters]]:
        """The number of groups that most plain tasks have, and those that have it."""
        plain = [(state, len(state.leaders)) for state in self.states if state.plain is not None]
        [(groups, _)] = Counter(groups for _, groups in plain).most_common(1) or [(0, 0)]
        return groups, [state for state, count in plain if count == groups]


def _read(leader: int, size: int) -> bytes:
    """Nothing, where a group cannot be read."""
    try:
        return os.read(leader, size)
    except OSError:
        return b""
