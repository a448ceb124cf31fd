"""Which counters are assigned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.counter_assignment import assignment_lines

EVENTS = ("mbm_total_bytes", "mbm_local_bytes")
READINGS = st.dictionaries(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 5)), st.sampled_from(["Unassigned", "Unavailable"])
)


def test_total_comes_first_where_there_is_one_counter() -> None:
    readings = {(event, domain): "Unassigned" for event in EVENTS[::-1] for domain in (0, 1)}

    assert assignment_lines(readings, {0: 2, 1: 1}) == ["mbm_total_bytes:0=e;1=e", "mbm_local_bytes:0=e"]


def test_nothing_is_assigned_where_all_are_in_use() -> None:
    assert assignment_lines({("mbm_total_bytes", 0): "Unassigned"}, {0: 0}) == []


@given(READINGS, st.dictionaries(st.integers(0, 5), st.integers(0, 3)))
def test_no_more_is_assigned_than_is_free_and_asked_for(
    readings: dict[tuple[str, int], str], available: dict[int, int]
) -> None:
    lines = assignment_lines(dict(readings), available)

    asked = [(line.split(":")[0], int(item.split("=")[0])) for line in lines for item in line.split(":")[1].split(";")]
    assert len(asked) == len(set(asked))
    assert all(readings[place] == "Unassigned" for place in asked)
    for domain in range(6):
        wanted = sum(reading == "Unassigned" for (_, where), reading in readings.items() if where == domain)
        assert sum(where == domain for _, where in asked) == min(wanted, available.get(domain, 0))
