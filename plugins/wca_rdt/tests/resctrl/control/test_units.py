"""The unit of memory bandwidth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.control.units import Unit, bytes_per_second, from_bytes_per_second, unit_of

from wca_core.errors import ContractError


@pytest.mark.parametrize(
    ("options", "vendor", "least", "found", "unit"),
    [
        ((), "GenuineIntel", 10, [100, 100], "percent"),
        ((), "0x41", 1, [100], "percent"),
        (("mba_MBps",), "GenuineIntel", 10, [5000], "mbps"),
        ((), "GenuineIntel", 10, [4294967295, 50], "mbps"),
        ((), "AuthenticAMD", 0, [16], "eighth_gb"),
        ((), "HygonGenuine", 0, [2048], "eighth_gb"),
        ((), "unknown", 0, [2048], "eighth_gb"),
        ((), "AuthenticAMD", 10, [100], "percent"),
    ],
)
def test_the_unit_is_found_out(options: list[str], vendor: str, least: int, found: list[int], unit: Unit) -> None:
    assert unit_of(options, vendor, least, found) == unit


def test_16_eighths_are_2_gigabytes() -> None:
    assert bytes_per_second(16, "eighth_gb") == 2_000_000_000
    assert bytes_per_second(2, "mbps") == 2 * 1024 * 1024


def test_percent_of_an_unknown_bandwidth_are_no_bytes() -> None:
    with pytest.raises(ContractError, match="percent"):
        bytes_per_second(10, "percent")


@given(st.integers(1, 10**12), st.sampled_from(["mbps", "eighth_gb"]))
def test_the_value_for_so_many_bytes_is_the_least_that_is_enough(wanted: int, unit: Unit) -> None:
    value = from_bytes_per_second(wanted, unit)

    assert bytes_per_second(value, unit) >= wanted > bytes_per_second(value - 1, unit)
