"""Limits and memory.numa_stat of cgroup v2."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cgroup_v2 import parse_limit, parse_numa_stat

NUMA_TEXT = st.text(alphabet="anonfileiactv_uebl N0123456789= \n").map(str.encode)


def test_the_five_lru_lists_are_added_up_for_each_node() -> None:
    text = (
        b"anon N0=999 N1=999\nfile N0=999 N1=999\n"
        b"inactive_anon N0=8192 N1=4096\nactive_anon N0=4096 N1=0\n"
        b"inactive_file N0=0 N1=0\nactive_file N0=0 N1=0\nunevictable N0=0 N1=0\n"
    )

    assert parse_numa_stat(text) == {0: 12288, 1: 4096}


def test_without_lru_lists_anon_and_file_are_added_up() -> None:
    assert parse_numa_stat(b"anon N0=1 N1=2\nfile N0=10 N1=20\nslab N0=5 N1=5\n") == {0: 11, 1: 22}


@pytest.mark.parametrize("text", [b"", b"slab N0=5\n", b"anon N0=x\n", b"anon 5\n", b"file N0\n"])
def test_another_form_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_numa_stat(text)


@given(st.binary() | NUMA_TEXT)
def test_no_numa_stat_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_numa_stat(text)


@given(st.binary() | st.text(alphabet="max0123456789-\n ").map(str.encode))
def test_no_limit_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(parse_limit(text, 7), int)


def test_max_is_no_limit() -> None:
    assert parse_limit(b"max\n", 42) == 42
    assert parse_limit(b"100\n", 42) == 100
