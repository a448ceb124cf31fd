"""Many cgroups added up at once count what each counts by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.bulk import Bulk
from wca_rdt.perf.counting import ALL_CPUS, Counting, Member

from plugins.wca_rdt.tests.perf.given import reading

VALUES = st.integers(0, 2**62)
ROUNDS = st.integers(1, 4).flatmap(
    lambda groups: st.lists(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=groups, max_size=groups), min_size=1)
)
"""By cgroup and group: time, and two counters."""


def countings(count: int, groups: int) -> list[Counting]:
    made = [Counting(2, aggregates=True) for _ in range(count)]
    for counting in made:
        counting.add([Member(cpu, (0, 1)) for cpu in range(groups)])
    return made


@given(ROUNDS)
def test_all_at_once_is_as_one_by_one(cgroups: list[list[tuple[int, int, int]]]) -> None:
    groups = len(cgroups[0])
    together, alone = countings(len(cgroups), groups), countings(len(cgroups), groups)
    texts = [[reading(time, time, *values) for time, *values in of_one] for of_one in cgroups]

    Bulk(together, groups, 2).take([text for of_one in texts for text in of_one])
    for counting, of_one in zip(alone, texts, strict=True):
        counting.take(of_one)

    totals = [list(counting.counted[ALL_CPUS].totals) for counting in together]
    assert totals == [list(counting.counted[ALL_CPUS].totals) for counting in alone]
    for counting, of_one in zip(together, texts, strict=True):
        assert counting.texts == (of_one if any(counting.sum.totals) else [Member(0, (0, 1)).nothing] * groups)


def test_who_counted_something_is_told() -> None:
    two = countings(2, 1)
    bulk = Bulk(two, 1, 2)
    bulk.take([reading(1, 1, 5, 5), reading(0, 0, 0, 0)])

    assert bulk.take([reading(1, 1, 5, 5), reading(2, 2, 0, 3)]) == [1]
    assert bulk.take([reading(1, 1, 5, 5), reading(2, 2, 0, 3)]) == []


@pytest.mark.parametrize("other", [reading(9, 4, 1, 1), b"", reading(9, 9, 1), bytes(56)])
def test_one_that_shared_its_counters_or_broke_leaves_all_to_be_met_by_themselves(other: bytes) -> None:
    two = countings(2, 1)
    bulk = Bulk(two, 1, 2)
    bulk.take([reading(1, 1, 5, 5), reading(1, 1, 6, 6)])

    assert bulk.take([reading(2, 2, 7, 7), other]) is None
    assert [list(counting.sum.totals) for counting in two] == [[5, 5], [6, 6]]


def test_a_total_that_fell_leaves_all_to_be_met_by_themselves() -> None:
    two = countings(2, 1)
    bulk = Bulk(two, 1, 2)
    bulk.take([reading(1, 1, 5, 5), reading(1, 1, 6, 6)])

    assert bulk.take([reading(2, 2, 7, 7), reading(2, 2, 6, 5)]) is None
    assert Bulk(two, 1, 2).take([reading(2, 2, 7, 4), reading(2, 2, 6, 6)]) is None, "not even at the first time"
    assert [list(counting.sum.totals) for counting in two] == [[5, 5], [6, 6]]
