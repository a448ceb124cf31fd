"""What is asked of the kernel, byte by byte, and what its answers mean."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.attributes import HARDWARE, READ_FORMAT, SIZE, Attributes
from wca_rdt.perf.reading import parse_reading, size_of

from plugins.wca_rdt.tests.perf.given import reading

U64 = st.integers(0, 2**64 - 1)


def test_attributes_stand_where_the_kernel_looks_for_them() -> None:
    content = bytes(Attributes(4, 0x140014A3, 5, 7, disabled=True, exclude_guest=True))

    assert len(content) == SIZE == 0x70
    assert struct.unpack_from("=II", content) == (4, 0x70)
    assert struct.unpack_from("=Q", content, 8) == (0x140014A3,)
    assert struct.unpack_from("=QQ", content, 32) == (READ_FORMAT, 1 | 1 << 20)
    assert struct.unpack_from("=QQ", content, 56) == (5, 7)
    assert READ_FORMAT == 15


def test_what_is_not_asked_for_is_zero() -> None:
    content = bytes(Attributes(HARDWARE, 0))

    assert content[:8] == struct.pack("=II", 0, 0x70)
    assert content[8:32] + content[40:] == bytes(0x70 - 16)


def test_a_reading_of_three_events_gives_their_values_in_the_order_of_opening() -> None:
    times = 0x129EAE726

    found = parse_reading(reading(times, times, 36995493542, 19462159816, 4442136), 3)

    assert found.values == (36995493542, 19462159816, 4442136)
    assert (found.enabled, found.running) == (times, times)


@given(U64, U64, st.lists(U64, min_size=1, max_size=8))
def test_whatever_64_bits_hold_comes_out_unsigned(enabled: int, running: int, values: list[int]) -> None:
    found = parse_reading(reading(enabled, running, *values), len(values))

    assert (found.enabled, found.running, list(found.values)) == (enabled, running, values)


@given(st.binary(max_size=200), st.integers(1, 6))
def test_any_other_content_is_refused(content: bytes, events: int) -> None:
    is_reading = len(content) == size_of(events) and struct.unpack_from("=Q", content) == (events,)

    if not is_reading:
        with pytest.raises(ValueError, match=r"expected, found"):
            parse_reading(content, events)


def test_a_group_in_error_state_reads_as_nothing() -> None:
    with pytest.raises(ValueError, match="40 bytes of a group of 1 events expected, found 0"):
        parse_reading(b"", 1)
