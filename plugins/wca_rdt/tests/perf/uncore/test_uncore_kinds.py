"""Which PMUs are of which kind."""

from __future__ import annotations

import pytest
from wca_rdt.perf.pmu import Alias, Pmu
from wca_rdt.perf.uncore.kinds import PATTERNS, always_counts, is_known, pmus_of

NAMES = [
    *("uncore_imc_10", "uncore_imc_0", "uncore_imc_2", "uncore_imc_free_running_0", "uncore_upi_0", "uncore_upi"),
    *("uncore_imc", "amd_umc_1", "amd_df", "cxl_pmu_mem0.1", "arm_cmn_0", "arm_dmc620_10008c000", "cpu", "msr"),
]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("uncore_imc", ["uncore_imc", "uncore_imc_0", "uncore_imc_2", "uncore_imc_10"]),
        ("uncore_imc_free_running", ["uncore_imc_free_running_0"]),
        ("uncore_upi", ["uncore_upi", "uncore_upi_0"]),
        ("uncore_cha", []),
        ("amd_umc", ["amd_umc_1"]),
        ("amd_df", ["amd_df"]),
        ("cxl_pmu", ["cxl_pmu_mem0.1"]),
        ("arm_cmn", ["arm_cmn_0"]),
        ("arm_dmc620", ["arm_dmc620_10008c000"]),
    ],
)
def test_a_kind_has_the_pmus_whose_whole_name_fits(kind: str, expected: list[str]) -> None:
    assert pmus_of(kind, NAMES) == expected


def test_free_running_controllers_are_not_taken_for_programmable_ones() -> None:
    names = ["uncore_imc_0", "uncore_imc_1", "uncore_imc_free_running_0", "uncore_upi_0"]

    assert pmus_of("uncore_imc", names) == ["uncore_imc_0", "uncore_imc_1"]


def test_any_pmu_can_be_meant_by_its_own_name() -> None:
    assert pmus_of("msr", NAMES) == ["msr"]
    assert pmus_of("uncore_imc_2", NAMES) == ["uncore_imc_2"]
    assert pmus_of("uncore.imc.2", NAMES) == []


def test_names_that_this_machine_lacks_are_known_if_a_kind_would_have_them() -> None:
    assert all(is_known(name) for name in (*PATTERNS, "uncore_cha_33", "nvidia_scf_pmu_1"))
    assert not any(is_known(name) for name in ("uncore_foo", "msr", "uncore_imc_x", "uncore_imc_0 "))


def test_counters_that_always_run_group_with_no_other() -> None:
    client = Pmu("uncore_imc", 12, aliases={"data_reads": Alias("event=0x01")})

    assert always_counts(client)
    assert always_counts(Pmu("uncore_imc_free_running_1", 30))
    assert not always_counts(Pmu("uncore_imc", 12))
    assert not always_counts(Pmu("uncore_imc_0", 12))
