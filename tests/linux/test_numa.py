"""NUMA nodes, whose numbers may have gaps and which may be without CPUs."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms import NODE, nodes, with_far_memory
from wca_core.errors import HostError
from wca_core.linux.numa import (
    MemoryAccess,
    parse_distances,
    read_demotion,
    read_distances,
    read_memory_access,
    read_node_cpus,
    read_nodes,
    read_nodes_with_memory,
    read_tiers,
)
from wca_core.testing import Machine

ONLINE = frozenset({0, 1, 2})


def test_the_i_th_distance_belongs_to_the_i_th_online_node() -> None:
    assert parse_distances("10 21 40\n", [0, 2, 8]) == {0: 10, 2: 21, 8: 40}


@pytest.mark.parametrize("text", ["", "10", "10 20 30 40", "10 x 30"])
def test_distances_that_do_not_fit_the_nodes_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError):
        parse_distances(text, [0, 2, 8])

    machine = Machine(tmp_path).file(f"{NODE}/node2/distance", text)
    with pytest.raises(HostError, match=f"{tmp_path}{NODE}/node2/distance: 3 distances expected"):
        read_distances(machine.host().sys, [0, 2, 8])


@given(st.text(), st.lists(st.integers()))
def test_no_distances_at_all_raise_anything_but_value_error(text: str, numbers: list[int]) -> None:
    with suppress(ValueError):
        parse_distances(text, numbers)


def test_nodes_are_those_online_whatever_their_numbers(tmp_path: Path) -> None:
    sys = nodes(Machine(tmp_path), {0: "0-1", 8: "2-3"}, [[10, 40], [40, 10]]).host().sys

    assert read_nodes(sys) == [0, 8]
    assert read_node_cpus(sys, [0, 8], ONLINE) == {0: {0, 1}, 8: {2}}
    assert read_distances(sys, [0, 8]) == {0: {0: 10, 8: 40}, 8: {0: 40, 8: 10}}


def test_without_the_list_the_directories_tell_the_nodes(tmp_path: Path) -> None:
    sys = nodes(Machine(tmp_path), {10: "0", 2: "1"}, [[10, 40], [40, 10]]).host().sys
    Path(sys, "devices/system/node/online").unlink()

    assert read_nodes(sys) == [2, 10]
    assert read_nodes(f"{tmp_path}/nowhere") == []


def test_nodes_with_memory_are_told_by_the_first_list_there_is(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    sys = machine.host().sys
    assert read_nodes_with_memory(sys, [0, 1]) == {0, 1}

    machine.file(f"{NODE}/has_normal_memory", "1\n")
    assert read_nodes_with_memory(sys, [0, 1]) == {1}

    machine.file(f"{NODE}/has_memory", "0,5\n")
    assert read_nodes_with_memory(sys, [0, 1]) == {0}


def test_tiers_and_access_of_far_memory(tmp_path: Path) -> None:
    sys = with_far_memory(tmp_path).host().sys

    assert read_tiers(sys) == {0: 4, 1: 22}
    assert read_memory_access(sys, 0) == MemoryAccess(pytest.approx(110e-9), 204800e6)
    assert read_memory_access(sys, 1) == MemoryAccess(pytest.approx(255e-9), None)
    assert read_demotion(sys)


def test_a_machine_without_tiers_tells_none(tmp_path: Path) -> None:
    assert read_tiers(str(tmp_path)) == {}
    assert read_memory_access(str(tmp_path), 0) == MemoryAccess(None, None)
    assert not read_demotion(str(tmp_path))
