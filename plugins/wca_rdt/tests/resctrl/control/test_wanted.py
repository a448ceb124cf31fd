"""Which lines a machine takes, and what it makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.control.resources import Cache, Offer
from wca_rdt.resctrl.control.schemata import Values
from wca_rdt.resctrl.control.wanted import Wanted, check_group_name, differing, is_less, spelled, values_of
from wca_rdt.resctrl.information import BandwidthControl, CacheControl

from plugins.wca_rdt.tests.resctrl.control.offers import ABSOLUTE, AMD_OFFER, CDP, L2, MEGABYTES, offer
from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import RDTAllocation

INTEL, APART, SPARSE = offer(), offer(CDP), offer(cache=CacheControl(cbm_mask=0xFFF, sparse_masks=True))
MBPS = offer(MEGABYTES)


def values(of: Offer = INTEL, **lines: str) -> dict[str, dict[int, int]]:
    return values_of(RDTAllocation("be", **lines), of)


# -- what is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "amounts"),
    [
        ("L3:0=0f0", {0: 0xF0}),
        ("L3: 1=0xfff ; 0=1 ", {1: 0xFFF, 0: 1}),
        ("L3:0=00F", {0: 0xF}),
    ],
)
def test_masks_are_taken_as_numbers(line: str, amounts: dict[int, int]) -> None:
    assert values(l3=line) == {"L3": amounts}


@pytest.mark.parametrize(("wished", "taken"), [(10, 10), (23, 30), (91, 100), (100, 100)])
def test_percents_are_rounded_up_to_a_step(wished: int, taken: int) -> None:
    assert values(mb=f"MB:0={wished}") == {"MB": {0: taken}}


def test_the_last_step_is_100_whatever_the_steps_are() -> None:
    coarse = offer(bandwidth=BandwidthControl(min_bandwidth=10, bandwidth_gran=30))

    assert values(coarse, mb="MB:0=91;1=50") == {"MB": {0: 100, 1: 60}}


def test_absolute_bandwidths_are_taken_as_they_are() -> None:
    assert values(AMD_OFFER, mb="MB:0=16;1=2048", smba="SMBA:0=1") == {"MB": {0: 16, 1: 2048}, "SMBA": {0: 1}}
    assert values(MBPS, mb="MB:0=1;1=70000") == {"MB": {0: 1, 1: 70000}}
    assert (AMD_OFFER.unit, MBPS.unit, INTEL.unit) == ("eighth_gb", "mbps", "percent")


def test_masks_with_gaps_are_taken_where_the_hardware_can() -> None:
    assert values(SPARSE, l3="L3:0=101") == {"L3": {0: 0x101}}


def test_a_line_for_the_whole_cache_is_for_code_and_data() -> None:
    assert values(APART, l3="L3:0=600") == {"L3CODE": {0: 0x600}, "L3DATA": {0: 0x600}}


def test_a_line_for_code_goes_before_one_for_both() -> None:
    found = values(APART, l3="L3:0=600;1=600", l3_code="L3CODE:0=700")

    assert found == {"L3CODE": {0: 0x700, 1: 0x600}, "L3DATA": {0: 0x600, 1: 0x600}}


def test_lines_are_in_the_order_in_which_they_are_written() -> None:
    found = values(AMD_OFFER, smba="SMBA:0=1", mb="MB:0=1", l3="L3:0=1")

    assert list(found) == ["L3", "MB", "SMBA"]


def test_l2_is_divided_where_it_can_be() -> None:
    assert values(offer(L2, caches={"L2": CacheControl(cbm_mask=0xFF)}), l2="L2:1=3") == {"L2": {1: 3}}


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ({"l3": "L3:0=101"}, "without gaps"),
        ({"l3": "L3:0=1000"}, "within fff"),
        ({"l3": "L3:0=0"}, "at least 1 bits"),
        ({"l3": "L3:2=1"}, "a domain of 0, 1 expected, found 2"),
        ({"l3": "L3:0=1;"}, "domain=value expected"),
        ({"l3": "L3:0=1;0=1"}, "twice"),
        ({"l3": "MB:0=1"}, "L3:... expected"),
        ({"mb": "MB:0=7"}, "10 to 100 \\(percent\\) expected, found 7"),
        ({"mb": "MB:0=101"}, "10 to 100"),
        ({"mb": "MB:0=-1"}, "a whole number expected"),
        ({"l3_code": "L3CODE:0=1"}, "cannot divide L3CODE, only L3, MB"),
        ({"l2": "L2:0=1"}, "cannot divide L2"),
        ({"smba": "SMBA:0=1"}, "cannot divide SMBA"),
    ],
)
def test_what_the_kernel_would_refuse_is_refused_before(lines: dict[str, str], reason: str) -> None:
    with pytest.raises(ContractError, match=reason):
        values(INTEL, **lines)


def test_at_least_so_many_bits_are_wanted() -> None:
    two = offer(cache=CacheControl(cbm_mask=0xFFF, min_cbm_bits=2))

    with pytest.raises(ContractError, match="at least 2 bits"):
        values(two, l3="L3:0=800")


def test_a_mask_of_0_is_refused_also_where_the_hardware_takes_it() -> None:
    with pytest.raises(ContractError, match="at least 1 bits"):
        values(AMD_OFFER, l3="L3:0=0")


def test_absolute_bandwidths_have_bounds_too() -> None:
    with pytest.raises(ContractError, match="0 to 2048"):
        values(AMD_OFFER, mb="MB:0=2049")
    with pytest.raises(ContractError, match="1 to 4294967295"):
        values(MBPS, mb="MB:0=0")


@pytest.mark.parametrize("name", ["info", "mon_groups", "mon_data", "a/b", "..", ".", "a\nb", "x" * 256])
def test_some_names_are_no_groups(name: str) -> None:
    with pytest.raises(ContractError, match="name:"):
        check_group_name(name)


@pytest.mark.parametrize("name", ["", "be", "system.slice-a b", "x" * 255])
def test_other_names_are(name: str) -> None:
    check_group_name(name)


# -- bounds of AMD's root -----------------------------------------------------------------------


@pytest.mark.parametrize(("root", "most"), [("MB:0=16", 2048), ("MB:0=4096", 4096)])
def test_a_root_that_is_limited_already_does_not_limit_all(root: str, most: int) -> None:
    found = offer(root, bandwidth=ABSOLUTE, vendor="AuthenticAMD")

    assert found.resources["MB"].most == most


# -- what differs -------------------------------------------------------------------------------

MASKS = st.dictionaries(st.integers(0, 3), st.integers(1, 0xFFF), min_size=1)
VALUES = st.dictionaries(st.sampled_from(["L3", "MB"]), MASKS)


def test_only_the_domains_of_a_line_are_compared() -> None:
    now = {"L3": {0: 0xF, 1: 0xFF}, "MB": {0: 10, 1: 20}}

    assert differing({"L3": {1: 0xFF}, "MB": {0: 30}}, now) == {"MB": {0: 30}}


@given(VALUES, VALUES)
def test_what_differs_applied_to_what_is_in_force_gives_what_is_wanted(wanted: Values, now: Values) -> None:
    changed = differing(wanted, now)

    then = {name: {**now.get(name, {}), **changed.get(name, {})} for name in {*now, *changed}}
    assert differing(wanted, then) == {}
    assert all(wanted[name] == amounts for name, amounts in changed.items())


@given(VALUES)
def test_what_is_in_force_does_not_differ_and_is_not_more(now: Values) -> None:
    assert differing(now, now) == {}
    assert is_less(now, now)


@given(st.integers(1, 0xFFF))
def test_a_mask_is_taken_as_it_is_or_refused_with_the_reason_that_holds(mask: int) -> None:
    bits = f"{mask:b}".strip("0")

    try:
        taken = Cache("L3", (0,), CacheControl(cbm_mask=0xFFF)).amount(f"{mask:x}")
    except ContractError:
        assert "0" in bits
    else:
        assert "0" not in bits
        assert taken == mask


@given(st.integers(0, 200), st.integers(1, 30))
def test_a_percent_is_never_rounded_down_nor_twice(value: int, step: int) -> None:
    of = offer(bandwidth=BandwidthControl(min_bandwidth=10, bandwidth_gran=step))

    try:
        taken = values(of, mb=f"MB:0={value}")["MB"][0]
    except ContractError:
        assert not 10 <= value <= 100
    else:
        assert value <= taken < value + step
        assert values(of, mb=f"MB:0={taken}")["MB"][0] == taken


# -- what is told ---------------------------------------------------------------------------------


def test_a_task_that_stays_keeps_the_lines_that_it_does_not_name() -> None:
    known = RDTAllocation("be", "L3:0=7ff;1=7ff", "MB:0= 40;1=100")

    assert spelled(Wanted("be", {"MB": {0: 30}}), known) == RDTAllocation("be", "L3:0=7ff;1=7ff", "MB:0=30")


def test_a_task_that_is_moved_has_only_what_is_written_for_it() -> None:
    assert spelled(Wanted("be", {"L3": {0: 0x600}}), None) == RDTAllocation("be", "L3:0=600")


def test_equal_code_and_data_are_told_as_one() -> None:
    known = RDTAllocation("be", l3_code="L3CODE:0=1", l3_data="L3DATA:0=3")
    wanted = Wanted("be", {"L3CODE": {0: 6}, "L3DATA": {0: 6}})

    assert spelled(wanted, known) == RDTAllocation("be", "L3:0=6")
    assert spelled(Wanted("be", {"L3CODE": {0: 6}}), RDTAllocation("be", "L3:0=1")).l3 is None
