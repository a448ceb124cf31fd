"""Values of allocations: sets of ids, types and ranges, and when two are the same."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.enforcement.ids import canonical, ids_of
from wca_core.enforcement.tolerance import is_same_number, is_same_quota, is_same_share, sensitivity_of
from wca_core.enforcement.values import refused
from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.rdt_allocation import RDTAllocation

QUOTA, SHARES = AllocationType.CPU_QUOTA, AllocationType.CPU_SHARES


# -- sets of ids and other values ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ids"),
    [("", []), (" ", []), ("3", [3]), ("0-3,8", [0, 1, 2, 3, 8]), (" 8 , 0 - 1 ,8", [0, 1, 8]), ("2-2", [2])],
)
def test_a_list_of_ids_is_read(text: str, ids: list[int]) -> None:
    assert sorted(ids_of(text)) == ids
    assert canonical(ids_of(text)) == ",".join(map(str, ids))


@pytest.mark.parametrize(
    "value",
    [
        *["3-1", "-1", "a", "1,,2", ",", "1,", "1-", "-", "1-2-3", "0x1", "1.5", "0-7:1/2", "99999999999", "٣", "1;2"],
        *[[-1], ["1"], [True], [1.0], [1 << 16], 5, None, {"1": 2}, 1.5],
    ],
)
def test_what_is_no_list_of_ids_is_refused(value: object) -> None:
    with pytest.raises(ContractError, match=r"expected|is no"):
        ids_of(value)


@given(st.frozensets(st.integers(0, 5000)))
def test_the_canonical_form_of_a_set_reads_as_that_set(ids: frozenset[int]) -> None:
    assert ids_of(canonical(ids)) == ids_of(list(ids)) == ids


@given(st.text(max_size=30))
def test_any_text_is_ids_or_a_contract_error(text: str) -> None:
    with contextlib.suppress(ContractError):
        assert canonical(ids_of(text)) == canonical(ids_of(canonical(ids_of(text))))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("cpu_quota", value) for value in (0, 0.0, 0.5, 1, 1.0)],
        *[("cpu_shares", value) for value in (0, 2.5, 10**9)],
        *[("cpuset_memory_migrate", value) for value in (0, 1, True, False)],
        *[("memory_high", value) for value in (0, 0.5, 1 << 40, "max")],
        ("cpuset_mems", ""),
        ("migrate_pages", 3),
        ("rdt", RDTAllocation("be", "L3:0=f;1=0xf", "MB:0=20")),
        ("memory_min", 4096),
        ("cpu_idle", 1),
        ("cpu_burst", 0.2),
    ],
)
def test_a_value_of_its_type_is_accepted(kind: str, value: object) -> None:
    assert refused(Allocation("a", AllocationType(kind), value)) is None


class Precise(float):
    """A float of a library."""


def test_a_float_of_a_library_is_a_number() -> None:
    assert refused(Allocation("a", QUOTA, Precise(0.5))) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("cpu_quota", v) for v in (-0.1, 1.01, "0.5", True, None, float("nan"), float("inf"), [1], 10**400)],
        *[("cpu_shares", v) for v in (-1, "2", float("nan"), 10**400)],
        *[("cpuset_memory_migrate", v) for v in (2, -1, 0.5, "1", None)],
        *[("migrate_pages", v) for v in (-1, 1.0, "1", True, None)],
        *[("memory_high", v) for v in (-1, "half", None, float("nan"))],
        *[("rdt", v) for v in ({"name": "be"}, "L3:0=f", None)],
        *[
            ("rdt", RDTAllocation(l3=line))
            for line in ("L3:", "L3:0", "MB:0=1", "L3:0=f;", "L3:0=g", "L3:0=-f", "L3:0=0")
        ],
        *[("rdt", RDTAllocation(mb=line)) for line in ("MB:0=1;0=2", "MB:0=-1", "MB:0=max", "MB:a=1")],
        ("cpuset_cpus", "3-1"),
        ("memory_low", "1"),
        ("cpu_idle", 2),
        ("cpu_burst", 1.5),
    ],
)
def test_what_is_no_value_of_its_type_is_refused_with_what_was_expected(kind: str, value: object) -> None:
    refusal = refused(Allocation("a", AllocationType(kind), value))

    assert refusal is not None
    assert (refusal.task_id, refusal.type) == ("a", kind)
    assert "expected" in refusal.reason or "stands twice" in refusal.reason or "is no" in refusal.reason


# -- tolerance -----------------------------------------------------------------------------------


def test_numbers_are_the_same_up_to_the_sensitivity_of_their_type() -> None:
    by_type = {QUOTA: 0.001}

    assert is_same_number(0.549, 0.5)
    assert not is_same_number(0.5501, 0.5)
    assert not is_same_number(0.502, 0.5, sensitivity_of(QUOTA, by_type))
    assert is_same_number(2.05, 2.0, sensitivity_of(SHARES, by_type))


def test_a_sensitivity_of_zero_still_allows_for_errors_of_rounding() -> None:
    assert is_same_number(0.1 + 0.2, 0.3, 0.0)
    assert not is_same_number(0.3001, 0.3, 0.0)


def test_limits_can_be_lifted_and_throttling_made_full_within_the_sensitivity() -> None:
    assert not is_same_quota(1.0, 0.97, (-1, 97000))
    assert is_same_quota(1.0, 1.0, (-1, -1))
    assert not is_same_quota(0.0, 0.03, (1000, 3000))
    assert is_same_quota(0.0, 0.01, (1000, 1000))
    assert is_same_quota(0.98, 1.0, (98000, -1))


def test_shares_are_the_same_if_what_is_written_is() -> None:
    assert is_same_share(500.0, 262.144, (262144, 262144))
    assert is_same_share(1.02, 1.0, (1020, 1000))
    assert not is_same_share(2.0, 1.0, (2000, 1000))
