"""The table of CPUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.model.cpu_codenames import TABLE, CpuCodename, codename_of


@pytest.mark.parametrize(
    ("vendor", "family", "model", "stepping", "name"),
    [
        ("GenuineIntel", 6, 0x3F, 2, "Haswell"),
        ("GenuineIntel", 6, 0x4F, 1, "Broadwell"),
        ("GenuineIntel", 6, 0x9E, 9, "Skylake"),
        ("GenuineIntel", 6, 0x55, 4, "Skylake"),
        ("GenuineIntel", 6, 0x55, 5, "Cascade Lake"),
        ("GenuineIntel", 6, 0x55, 7, "Cascade Lake"),
        ("GenuineIntel", 6, 0x55, 8, "unknown"),
        ("GenuineIntel", 6, 0x55, 0xA, "Cooper Lake"),
        ("GenuineIntel", 6, 0x55, 0xB, "Cooper Lake"),
        ("GenuineIntel", 6, 0x6A, 6, "Ice Lake"),
        ("GenuineIntel", 6, 0x8F, 8, "Sapphire Rapids"),
        ("GenuineIntel", 6, 0xCF, 2, "Emerald Rapids"),
        ("GenuineIntel", 6, 0xAD, 1, "Granite Rapids"),
        ("GenuineIntel", 6, 0xAF, 3, "Sierra Forest"),
        ("GenuineIntel", 6, 0xDD, 0, "Clearwater Forest"),
        ("GenuineIntel", 6, 0xB6, 0, "Grand Ridge"),
        ("GenuineIntel", 6, 0x86, 5, "Snow Ridge"),
        ("GenuineIntel", 6, 0x97, 2, "Alder Lake"),
        ("GenuineIntel", 6, 0x01, 2, "unknown"),
        ("GenuineIntel", 15, 0x8F, 8, "unknown"),
        ("AuthenticAMD", 0x17, 0x01, 2, "Zen 1"),
        ("AuthenticAMD", 0x17, 0x2F, 2, "Zen 1"),
        ("AuthenticAMD", 0x17, 0x31, 0, "Zen 2"),
        ("AuthenticAMD", 0x17, 0x50, 0, "Zen 1"),
        ("AuthenticAMD", 0x17, 0x71, 0, "Zen 2"),
        ("AuthenticAMD", 0x19, 0x01, 1, "Zen 3"),
        ("AuthenticAMD", 0x19, 0x11, 1, "Zen 4"),
        ("AuthenticAMD", 0x19, 0x20, 1, "Zen 3"),
        ("AuthenticAMD", 0x19, 0xA0, 1, "Zen 4"),
        ("AuthenticAMD", 0x19, 0xB0, 1, "unknown"),
        ("AuthenticAMD", 0x1A, 0x02, 1, "Zen 5"),
        ("AuthenticAMD", 0x1A, 0x44, 1, "Zen 5"),
        ("AuthenticAMD", 0x1A, 0x50, 1, "Zen 6"),
        ("AuthenticAMD", 0x1A, 0xC0, 1, "Zen 6"),
        ("ARM", 0, 0xD0C, 1, "Neoverse N1"),
        ("ARM", 0, 0xD40, 1, "Neoverse V1"),
        ("ARM", 0, 0xD49, 1, "Neoverse N2"),
        ("ARM", 0, 0xD4F, 1, "Neoverse V2"),
        ("ARM", 0, 0xD84, 1, "Neoverse V3"),
        ("ARM", 0, 0xD8E, 1, "Neoverse N3"),
        ("ARM", 0, 0xD05, 1, "unknown"),
        ("Ampere", 0, 0xAC4, 1, "Ampere One"),
        ("unknown", 0, 0, 0, "unknown"),
    ],
)
def test_a_cpu_has_the_name_of_its_row(vendor: str, family: int, model: int, stepping: int, name: str) -> None:
    assert codename_of(vendor, family, model, stepping) == name


def test_every_name_is_in_the_table() -> None:
    assert {row.codename for row in TABLE} | {CpuCodename.UNKNOWN} == set(CpuCodename)


@given(st.sampled_from([row.vendor for row in TABLE]), st.integers(), st.integers(), st.integers())
def test_any_numbers_have_an_answer(vendor: str, family: int, model: int, stepping: int) -> None:
    assert codename_of(vendor, family, model, stepping) in CpuCodename
