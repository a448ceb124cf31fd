"""The cgroups of a task as one: merging, and counters that never fall."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wca_core.builtin.cgroup.descriptions import CPU_USAGE, MEM_LIMIT, MEM_NUMA_PAGES, MEM_USAGE
from wca_core.builtin.cgroup.source import UNLIMITED, Column
from wca_core.builtin.cgroup.task_usage import TaskUsage, merged
from wca_core.errors import CgroupGone
from wca_core.model.metric import Merge, Value

USAGE: Column = (CPU_USAGE, ())
MEMORY: Column = (MEM_USAGE, ())


@dataclass
class Kernel:
    """Cgroups by path: what a reading of each gives, and which directory it is."""

    values: dict[str, dict[Column, Value]] = field(default_factory=dict)
    identity: dict[str, int] = field(default_factory=dict)

    def open(self, path: str) -> "Reading":
        if path not in self.values:
            raise CgroupGone(path)
        return Reading(self, path)

    def make(self, path: str, values: dict[Column, Value]) -> None:
        self.values[path] = values
        self.identity[path] = self.identity.get(path, 0) + 1

    def remove(self, path: str) -> None:
        self.values.pop(path, None)


class Reading:
    """Stands for the open files of a cgroup: they do not outlive it."""

    lacks_something = is_outdated = False
    descriptors = (0,)

    def __init__(self, kernel: Kernel, path: str) -> None:
        self._kernel, self._path = kernel, path
        self._identity = kernel.identity[path]
        self.columns = list(kernel.values[path])
        self.origins = dict.fromkeys(self.columns, (0, self._identity))

    def read(self) -> list[Value]:
        values = self._kernel.values.get(self._path)
        if values is None or self._kernel.identity[self._path] != self._identity:
            raise CgroupGone(self._path)
        if list(values) != self.columns:
            raise ValueError("a file changed its form")
        return list(values.values())

    def go_on_from(self, before: "Reading") -> None: ...

    def close(self) -> None: ...


def total(usage: TaskUsage, column: Column = USAGE) -> Value | None:
    """The value of a column; None if it was not read in this step."""
    reading = usage.read()
    return dict(zip(*reading, strict=True)).get(column) if reading else None


def single(kernel: Kernel) -> TaskUsage:
    return TaskUsage(["/a"], kernel.open)  # type: ignore[arg-type]


def readings(kernel: Kernel, usage: TaskUsage, path: str, values: Sequence[Value]) -> list[Value | None]:
    found = []
    for value in values:
        kernel.values[path] = {USAGE: value}
        found.append(total(usage))
    return found


def test_what_a_replaced_container_had_counted_stays_counted() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10})
    kernel.make("/b", {USAGE: 5})
    usage = single(kernel)

    first = readings(kernel, usage, "/a", [10, 20])
    usage.go_on_with(["/b"], kernel.open)  # type: ignore[arg-type]
    second = readings(kernel, usage, "/b", [5, 8])

    assert first + second == [10, 20, 25, 28]


def test_a_cgroup_that_starts_from_zero_goes_on_where_it_was() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10})

    assert readings(kernel, single(kernel), "/a", [10, 4]) == [10, 14]


def test_a_cgroup_back_under_its_name_counts_in_full_however_much_it_has() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10})
    usage = single(kernel)

    before = total(usage)
    kernel.remove("/a")
    during = total(usage)
    kernel.make("/a", {USAGE: 30})
    after = [total(usage), total(usage)]

    assert (before, during, after) == (10, None, [40, 40])


def test_a_cgroup_remade_between_two_reads_counts_in_full() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10})
    usage = single(kernel)

    before = total(usage)
    kernel.make("/a", {USAGE: 30})

    assert (before, total(usage)) == (10, 40)


def test_a_container_that_cannot_be_read_keeps_what_it_had_counted() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10, MEMORY: 100})
    kernel.make("/b", {USAGE: 5, MEMORY: 50})
    usage = TaskUsage(["/a", "/b"], kernel.open)  # type: ignore[arg-type]

    before = total(usage), total(usage, MEMORY)
    kernel.remove("/b")
    during = total(usage), total(usage, MEMORY)

    assert (before, during) == ((15, 150), (15, 100))


def test_a_counter_whose_file_comes_and_goes_is_neither_lost_nor_counted_twice() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10, MEMORY: 1})
    usage = single(kernel)

    found = [total(usage)]
    for values in ({MEMORY: 1}, {MEMORY: 1, USAGE: 12}, {MEMORY: 1}, {MEMORY: 1, USAGE: 3}):
        kernel.values["/a"] = values
        found.append(total(usage))

    assert found == [10, None, 12, None, 15]


def test_a_file_that_goes_while_its_cgroup_stays_does_not_double_the_counters_of_the_others() -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: 10, MEMORY: 1})
    usage = single(kernel)
    total(usage)
    identity = kernel.identity["/a"]

    kernel.make("/a", {USAGE: 12})  # the open files of a controller that was disabled answer ENODEV ...
    kernel.identity["/a"] = identity + 1
    reopened = kernel.open

    def same_directory(path: str) -> Reading:
        reading = reopened(path)
        reading.origins = dict.fromkeys(reading.columns, (0, identity))  # ... but the directory is the same
        return reading

    usage.go_on_with(["/a"], same_directory)  # type: ignore[arg-type]

    assert total(usage) == 12


@pytest.mark.parametrize(
    ("merge", "values", "expected"),
    [
        *((Merge.SUM, [1, 2, 3], 6), (Merge.SUM_COUNTER, [1, 2], 3), (Merge.MEAN, [1, 2], 1.5), (Merge.MAX, [1, 3], 3)),
        *((Merge.SUM_LIMIT, [100, 200], 300), (Merge.SUM_LIMIT, [100, UNLIMITED], UNLIMITED)),
        *((Merge.SUM_LIMIT, [UNLIMITED, UNLIMITED], UNLIMITED), (Merge.SUM_LIMIT, [UNLIMITED - 1, 5], UNLIMITED)),
    ],
)
def test_values_of_containers_become_one_as_their_metric_says(
    merge: Merge, values: list[Value], expected: Value
) -> None:
    assert merged(merge, values) == expected


def test_leveled_metrics_are_added_up_over_the_union_of_their_levels() -> None:
    kernel = Kernel()
    node = {number: (MEM_NUMA_PAGES, (str(number),)) for number in (0, 1)}
    kernel.make("/a", {node[0]: 8})
    kernel.make("/b", {node[0]: 3, node[1]: 2})

    usage = TaskUsage(["/a", "/b"], kernel.open)  # type: ignore[arg-type]

    assert dict(zip(*usage.read(), strict=True)) == {node[0]: 11, node[1]: 2}  # type: ignore[misc]


def test_the_limit_of_a_task_with_an_unlimited_container_is_no_limit() -> None:
    kernel = Kernel()
    kernel.make("/a", {(MEM_LIMIT, ()): 100})
    kernel.make("/b", {(MEM_LIMIT, ()): UNLIMITED})

    usage = TaskUsage(["/a", "/b"], kernel.open)  # type: ignore[arg-type]

    assert total(usage, (MEM_LIMIT, ())) == UNLIMITED


PATHS = st.sampled_from(["/a", "/b", "/c"])
AMOUNTS = st.integers(0, 1000) | st.floats(0, 1e9, allow_nan=False)


class CountersNeverFall(RuleBasedStateMachine):
    """Anything may happen to the cgroups of a task in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = Kernel()
        self.kernel.make("/a", {USAGE: 1, MEMORY: 1})
        self.usage = single(self.kernel)
        self.highest: Value = 0

    @rule(path=PATHS, amount=AMOUNTS)
    def uses(self, path: str, amount: Value) -> None:
        if USAGE in self.kernel.values.get(path, {}):
            self.kernel.values[path][USAGE] += amount

    @rule(path=PATHS, amount=AMOUNTS)
    def starts_from(self, path: str, amount: Value) -> None:
        if USAGE in self.kernel.values.get(path, {}):
            self.kernel.values[path][USAGE] = amount

    @rule(path=PATHS, amount=AMOUNTS)
    def is_made(self, path: str, amount: Value) -> None:
        self.kernel.make(path, {USAGE: amount, MEMORY: 1})

    @rule(path=PATHS)
    def is_removed(self, path: str) -> None:
        self.kernel.remove(path)

    @rule(path=PATHS, is_there=st.booleans(), amount=AMOUNTS)
    def changes_its_files(self, path: str, is_there: bool, amount: Value) -> None:
        if path in self.kernel.values:
            self.kernel.values[path] = {MEMORY: 1, USAGE: amount} if is_there else {MEMORY: 1}

    @rule(paths=st.lists(PATHS, min_size=1, unique=True))
    def has_other_cgroups(self, paths: list[str]) -> None:
        self.usage.go_on_with(paths, self.kernel.open)  # type: ignore[arg-type]

    @invariant()
    def the_counter_does_not_fall(self) -> None:
        value = total(self.usage)
        if value is not None:
            assert value >= self.highest
            self.highest = value


CountersNeverFall.TestCase.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)
TestCountersNeverFall = CountersNeverFall.TestCase


@given(st.lists(st.integers(0, 100), min_size=1))
def test_a_counter_is_the_sum_of_all_growth(values: list[int]) -> None:
    kernel = Kernel()
    kernel.make("/a", {USAGE: values[0]})

    found = readings(kernel, single(kernel), "/a", values)

    grown = values[0]
    for before, after in itertools.pairwise(values):
        grown += after - before if after >= before else after
    assert found[-1] == grown
