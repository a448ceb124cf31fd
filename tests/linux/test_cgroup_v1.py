"""memory.stat and memory.numa_stat of cgroup v1."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cgroup_v1 import memory_stat_keys, parse_numa_stat

NUMA_TEXT = st.text(alphabet="total=hierarchical_N0123456789 \n").map(str.encode)


def test_the_hierarchical_total_is_preferred_wherever_it_stands() -> None:
    lines = [b"total=5 N0=5\n", b"hierarchical_total=1 N0=123 N1=234\n"]

    assert parse_numa_stat(b"".join(lines)) == {0: 123, 1: 234}
    assert parse_numa_stat(b"".join(reversed(lines))) == {0: 123, 1: 234}


def test_without_a_hierarchical_total_the_total_is_read() -> None:
    assert parse_numa_stat(b"total=9 N0=4 N1=5\nfile=1 N0=1 N1=0\n") == {0: 4, 1: 5}


def test_a_total_behind_other_lines_is_found() -> None:
    assert parse_numa_stat(b"file=1 N0=1\ntotal=9 N0=9") == {0: 9}


@pytest.mark.parametrize("text", [b"", b"\n", b"subtotal=1 N0=1\n", b"total=1 N0=x\n", b"total=1 0\n"])
def test_another_form_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_numa_stat(text)


@given(st.binary() | NUMA_TEXT)
def test_no_numa_stat_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_numa_stat(text)


@given(st.dictionaries(st.integers(0, 1023), st.integers(0, 2**63), max_size=8))
def test_every_node_is_read(nodes: dict[int, int]) -> None:
    parts = "".join(f" N{node}={pages}" for node, pages in nodes.items())

    assert parse_numa_stat(f"total=0 N0=0\nhierarchical_total={sum(nodes.values())}{parts}\n".encode()) == nodes


def test_fields_that_count_descendants_are_preferred() -> None:
    own = b"cache 1\nrss 2\npgfault 3\npgmajfault 4\ninactive_file 5\n"
    total = b"".join(b"total_" + line + b"\n" for line in own.splitlines())

    assert memory_stat_keys(own + total)[0] == b"\ntotal_pgfault "
    assert memory_stat_keys(own)[0] == b"\npgfault "


def test_a_missing_field_of_memory_stat_is_named() -> None:
    with pytest.raises(ValueError, match="pgmajfault"):
        memory_stat_keys(b"pgfault 3\nrss 1\n")


@given(st.binary())
def test_no_memory_stat_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        memory_stat_keys(text)
