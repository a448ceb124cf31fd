"""What `info` tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.information import (
    BandwidthControl,
    CacheControl,
    parse_assign_mode,
    parse_by_domain,
    parse_features,
    read_information,
)

from plugins.wca_rdt.tests.resctrl.folder import ResctrlFolder, l3
from wca_core.testing import Machine


@pytest.fixture
def resctrl(tmp_path: Path) -> ResctrlFolder:
    return ResctrlFolder(Machine(tmp_path))


def test_lines_that_say_what_can_be_set_are_no_events() -> None:
    text = "llc_occupancy\nmbm_total_bytes\nmbm_total_bytes_config\nmbm_local_bytes\nmbm_local_bytes_config\n"

    assert parse_features(text) == ("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes")


def test_the_mode_in_brackets_is_the_active_one() -> None:
    assert parse_assign_mode("[mbm_event]\ndefault\n") == "mbm_event"


@given(st.dictionaries(st.integers(0, 500), st.integers(0, 2**32)))
def test_numbers_by_domain_are_read_as_they_are_written(numbers: dict[int, int]) -> None:
    text = ";".join(f"{domain}={number:#x}" for domain, number in numbers.items()) + "\n"

    assert parse_by_domain(text) == numbers


def test_all_is_found(resctrl: ResctrlFolder) -> None:
    resctrl.info(
        "L3", cbm_mask="7ff\n", min_cbm_bits="1\n", num_closids="8\n", shareable_bits="600\n", sparse_masks="1\n"
    )
    resctrl.info(
        "MB",
        min_bandwidth="10\n",
        bandwidth_gran="10\n",
        num_closids="4\n",
        delay_linear="1\n",
        thread_throttle_mode="max\n",
    )
    resctrl.info("L3_MON", mbm_assign_mode="[mbm_event]\ndefault\n", mbm_total_bytes_config="0=0x7f;1=0x40\n")

    found = read_information(str(resctrl.path))

    assert found.events == ("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes")
    assert (found.num_rmids, found.num_closids, found.max_threshold_occupancy) == (16, 4, 65536)
    assert found.caches == {"L3": CacheControl(cbm_mask=0x7FF, shareable_bits=0x600, sparse_masks=True)}
    assert found.bandwidths == {
        "MB": BandwidthControl(min_bandwidth=10, bandwidth_gran=10, delay_linear=1, thread_throttle_mode="max")
    }
    assert (found.is_assignable, found.configurations) == (True, {"mbm_total_bytes": {0: 0x7F, 1: 0x40}})


def test_caches_of_a_mount_with_code_and_data_apart_are_found(resctrl: ResctrlFolder) -> None:
    resctrl.info("L3CODE", cbm_mask="7ff\n", num_closids="4\n").info("L3DATA", cbm_mask="7ff\n", num_closids="4\n")

    found = read_information(str(resctrl.path))

    assert (list(found.caches), found.num_closids) == (["L3CODE", "L3DATA"], 4)


def test_the_fewest_rmids_count(resctrl: ResctrlFolder) -> None:
    resctrl.info("PERF_PKG_MON", num_rmids="8\n", mon_features="core_energy\nactivity\n")

    found = read_information(str(resctrl.path))

    assert (found.num_rmids, found.telemetry) == (8, ("core_energy", "activity"))


def test_files_tell_of_events_that_are_not_announced(tmp_path: Path) -> None:
    resctrl = ResctrlFolder(Machine(tmp_path), features=None)
    resctrl.counters("", {"mon_L3_04": {"llc_occupancy": 1, "mbm_total_bytes": 2}})

    assert read_information(str(resctrl.path)).events == ("llc_occupancy", "mbm_total_bytes")


def test_nothing_is_offered_by_nothing(tmp_path: Path) -> None:
    found = read_information(str(tmp_path))

    assert (found.events, found.num_rmids, found.num_closids, dict(found.caches)) == ((), None, None, {})


def test_each_event_is_a_feature_of_its_own(tmp_path: Path) -> None:
    resctrl = ResctrlFolder(Machine(tmp_path), features="mbm_local_bytes\n").counters("", {"mon_L3_00": l3(1, 1, 1)})

    found = read_information(str(resctrl.path))

    assert (found.cache_monitoring, found.mb_monitoring_total, found.mb_monitoring_local) == (False, False, True)
