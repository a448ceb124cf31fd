"""Limits, io.stat and memory.numa_stat of cgroup v2."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cgroup_v2 import (
    IO_STAT,
    parse_cpu_max,
    parse_io_stat,
    parse_limit,
    parse_maximum,
    parse_numa_stat,
)

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


def test_a_maximum_of_max_is_none() -> None:
    assert parse_maximum(b"max\n") is None
    assert parse_maximum(b"100\n") == 100


def test_the_cpu_limit_is_quota_by_period() -> None:
    assert parse_cpu_max(b"50000 100000\n") == 0.5
    assert parse_cpu_max(b"max 100000\n") is None


@pytest.mark.parametrize("text", [b"", b"max", b"1 2 3", b"x 100000", b"max x"])
def test_another_form_of_the_cpu_limit_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_cpu_max(text)


DEVICES = st.from_regex(r"[0-9]{1,3}:[0-9]{1,7}", fullmatch=True)
IO = st.dictionaries(DEVICES, st.fixed_dictionaries(dict.fromkeys(IO_STAT, st.integers(0, 2**64 - 1))))


@given(IO)
def test_what_io_stat_says_of_each_device_is_read(devices: dict[str, dict[str, int]]) -> None:
    lines = [f"{one} {' '.join(f'{key}={number}' for key, number in of.items())}\n" for one, of in devices.items()]

    assert parse_io_stat("".join(lines).encode()) == devices


def test_keys_of_io_stat_that_nobody_knows_are_passed_over() -> None:
    assert parse_io_stat(b"8:0 rbytes=1 wbytes=2 rios=3 wios=4 cost.vrate=100.00 use_delay=7\n") == {
        "8:0": {"rbytes": 1, "wbytes": 2, "rios": 3, "wios": 4}
    }


@pytest.mark.parametrize("text", [b"7:0\n8:0 rbytes=1\n", b"7:0 8:0 rbytes=1\n"])
def test_a_device_without_numbers_hides_no_other(text: bytes) -> None:
    assert parse_io_stat(text) == {"7:0": {}, "8:0": {"rbytes": 1}}


@pytest.mark.parametrize("text", [b"garbage\n", b"rbytes=1\n", b"8:0 rbytes=x\n", b"8:0 rbytes\n", b"\xff"])
def test_another_form_of_io_stat_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_io_stat(text)


@given(st.binary() | st.text(alphabet="8:0 rbytes=1\n").map(str.encode))
def test_no_io_stat_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_io_stat(text)
