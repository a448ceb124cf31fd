"""What counts as the same in a kernel file: properties of pure functions."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cpulist import format_cpulist
from wca_core.spelling import SPELLINGS, is_same

PAGE = os.sysconf("SC_PAGE_SIZE")


@given(spelling=st.sampled_from(sorted(SPELLINGS)), wanted=st.binary(), found=st.binary())
def test_no_content_makes_a_comparison_raise(spelling: str, wanted: bytes, found: bytes) -> None:
    assert is_same(spelling, wanted, found) in (True, False)


@given(number=st.integers(-(2**63), 2**63))
def test_a_number_is_the_same_in_any_spelling_and_no_other_number_is(number: int) -> None:
    assert is_same("number", b"%d" % number, b"%d\n" % number)
    assert not is_same("number", b"%d" % number, b"%d\n" % (number + 1))


@given(ids=st.frozensets(st.integers(0, 300)), other=st.frozensets(st.integers(0, 300)))
def test_lists_of_ids_are_the_same_if_their_sets_are(ids: frozenset[int], other: frozenset[int]) -> None:
    wanted = format_cpulist(ids).encode()

    assert is_same("ids", wanted, _as_the_kernel_writes(ids).encode())
    assert is_same("ids", wanted, format_cpulist(other).encode()) == (ids == other)


@given(shares=st.integers(0, 2**40))
def test_shares_are_the_same_as_what_the_kernel_clamps_them_to(shares: int) -> None:
    assert is_same("shares", b"%d" % shares, b"%d\n" % min(max(shares, 2), 262144))


@given(amount=st.integers(0, 2**62))
def test_bytes_are_rounded_down_to_pages_and_no_further(amount: int) -> None:
    pages = amount // PAGE * PAGE

    assert is_same("pages", b"%d" % amount, b"%d\n" % pages)
    assert not is_same("pages", b"%d" % amount, b"%d\n" % (pages + PAGE))


@pytest.mark.parametrize("unlimited", [b"max", b"-1", b"9223372036854771712", b"%d" % 2**64])
def test_no_limit_has_several_names(unlimited: bytes) -> None:
    assert is_same("pages", unlimited, b"max\n")
    assert is_same("pages", unlimited, b"%d\n" % ((2**63 - 1) // PAGE * PAGE))
    assert not is_same("pages", unlimited, b"0\n")


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        (b"max 100000", b"max 100000\n", True),
        (b"max", b"max 100000\n", True),
        (b"50000", b"50000 100000\n", True),
        (b"50000 100000", b"50000 1000\n", False),
        (b"50000 100000", b"max 100000\n", False),
        (b"50000", b"\n", False),
    ],
)
def test_a_quota_without_a_period_keeps_any_period(wanted: bytes, found: bytes, same: bool) -> None:
    assert is_same("quota", wanted, found) is same


def _as_the_kernel_writes(ids: frozenset[int]) -> str:
    """With ranges: `0-3,8`."""
    items: list[str] = []
    for number in sorted(ids):
        if number - 1 in ids and items:
            items[-1] = f"{items[-1].partition('-')[0]}-{number}"
        else:
            items.append(str(number))
    return ",".join(items) + "\n"
