"""The files of cgroup v1 that v2 writes in another way."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cgroup_v1 import memory_stat_name, parse_blkio, parse_numa_stat, parse_quota

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
    own = b"cache 1\nrss 2\npgfault 3\n"

    assert memory_stat_name(own + b"total_pgfault 4\n", "pgfault") == "total_pgfault"
    assert memory_stat_name(own, "pgfault") == "pgfault"
    assert memory_stat_name(own, "fault") is None


def test_a_quota_below_zero_is_no_limit() -> None:
    assert parse_quota(b"-1\n") is None
    assert parse_quota(b"50000\n") == 50000


BLKIO = b"""254:0 Read 3145728
254:0 Write 1
254:0 Sync 9437184
254:0 Async 0
254:0 Discard 2
254:0 Total 9437184
7:0 Read 5
Total 9437184
"""


def test_blkio_is_read_by_device_and_kind_without_the_total_of_all() -> None:
    devices = parse_blkio(BLKIO)

    assert list(devices) == ["254:0", "7:0"]
    assert [devices["254:0"][kind] for kind in ("Read", "Write", "Discard")] == [3145728, 1, 2]
    assert parse_blkio(b"Total 0\n") == {}


@pytest.mark.parametrize("text", [b"\n", b"8:0 Read\n", b"8:0 Read x\n", b"8:0\n", b"8:0 Read 1 2\n", b"\xff"])
def test_another_form_of_blkio_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_blkio(text)


@given(st.binary() | st.text(alphabet="8:0 ReadWriteTotal\n").map(str.encode))
def test_no_blkio_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_blkio(text)
