"""Resources of Mesos as sums in bytes and CPUs."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_mesos.resources import added, resources_of

from plugins.wca_mesos.tests.given import scalar


def test_parts_of_a_resource_are_summed() -> None:
    parts = [scalar("cpus", 1.0, role="*"), scalar("cpus", 0.5, role="prod"), scalar("mem", 100), scalar("mem", 28)]

    assert resources_of(parts) == {"cpus": 1.5, "mem": 128e6}


def test_memory_and_disk_are_bytes_and_others_as_they_are() -> None:
    parts = [scalar("mem", 128.0), scalar("disk", 64.5), scalar("cpus", 0.1), scalar("gpus", 2), scalar("network", 3)]

    assert resources_of(parts) == {"mem": 128e6, "disk": 64.5e6, "cpus": 0.1, "gpus": 2.0, "network": 3.0}


def test_ranges_and_sets_are_left_out() -> None:
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 32000}]}}
    disks = {"name": "disks", "type": "SET", "set": {"item": ["a"]}}

    assert resources_of([ports, disks, scalar("cpus", 1)]) == {"cpus": 1.0}


@pytest.mark.parametrize("value", [None, "1", True, math.nan, math.inf, [], 10**400])
def test_what_is_no_number_costs_only_itself(value: Any) -> None:
    assert resources_of([scalar("cpus", value), scalar("mem", 1), None, 5, scalar(None, 1)]) == {"mem": 1e6}


def test_megabytes_that_are_no_number_of_bytes_are_left_out() -> None:
    assert resources_of([scalar("mem", 1e308), scalar("cpus", 1)]) == {"cpus": 1.0}


@pytest.mark.parametrize("document", [None, {}, "cpus", 5])
def test_absent_resources_are_absent(document: object) -> None:
    assert resources_of(document) == {}


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 1000)), max_size=4))
def test_a_sum_has_what_any_part_has(parts: list[dict[str, int]]) -> None:
    whole = added(parts)

    assert whole.keys() == {name for part in parts for name in part}
    assert sum(whole.values()) == sum(value for part in parts for value in part.values())
