"""Counters of energy: where they are and how they start again."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.powercap import grown, read_zones
from wca_core.testing import Machine

FOLDER = "/sys/class/powercap"


def zones(folder: Path, names: dict[str, str]) -> Machine:
    machine = Machine(folder)
    for zone, name in names.items():
        machine.file(f"{FOLDER}/{zone}/name", f"{name}\n").file(f"{FOLDER}/{zone}/energy_uj", "5\n")
        machine.file(f"{FOLDER}/{zone}/max_energy_range_uj", "99\n")
    return machine


def test_zones_belong_to_the_socket_of_their_package(tmp_path: Path) -> None:
    machine = zones(
        tmp_path,
        {
            "intel-rapl:0": "package-1",
            "intel-rapl:0:0": "core",
            "intel-rapl:0:1": "dram",
            "intel-rapl:1": "package-0-die-1",
            "intel-rapl:1:0": "uncore",
            "intel-rapl:2": "psys",
            "intel-rapl-mmio:0": "package-0",
            "dtpm": "other",
        },
    )

    found = read_zones(machine.host().sys)

    assert [(zone.socket, zone.domain) for zone in found] == [
        *(("1", "package"), ("1", "core"), ("1", "dram")),
        *(("0", "package"), ("0", "uncore"), ("all", "psys")),
    ]
    assert {zone.range for zone in found} == {99}


def test_a_zone_without_a_counter_is_left_out(tmp_path: Path) -> None:
    machine = zones(tmp_path, {"intel-rapl:0": "package-0"}).file(f"{FOLDER}/intel-rapl/enabled", "1")
    (tmp_path / FOLDER.lstrip("/") / "intel-rapl:0/energy_uj").unlink()

    assert read_zones(machine.host().sys) == []
    assert read_zones(f"{tmp_path}/nowhere") == []


@pytest.mark.parametrize(("old", "new", "expected"), [(3, 7, 4), (7, 7, 0), (98, 1, 3), (99, 0, 1)])
def test_a_counter_that_started_again_has_grown_all_the_same(old: int, new: int, expected: int) -> None:
    assert grown(old, new, 99) == expected


def test_a_counter_whose_highest_value_is_unknown_never_falls() -> None:
    assert [grown(5, 9, 0), grown(9, 2, 0)] == [4, 2]


@given(st.lists(st.integers(0, 999), max_size=20))
def test_what_a_counter_has_grown_is_what_was_used(steps: list[int]) -> None:
    total, readings = 0, [0]
    for step in steps:
        total += step
        readings.append(total % 1000)

    assert sum(grown(old, new, 999) for old, new in pairwise(readings)) == total
