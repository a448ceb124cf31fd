"""Which hardware events an event that WCA knows is made of, by generation of CPUs."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_rdt.perf.uncore.descriptions import PREDEFINED
from wca_rdt.perf.uncore.generations import kind_on, parts_of

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import counting, machine, pmu, values
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.testing import Machine

ONE_OF_EACH = {
    CpuCodename.HASWELL: "04/03 04/0c - - 80/00 10/00 00/00 102/08+103/04 00/02",
    CpuCodename.BROADWELL: "04/03 04/0c - - 80/00 10/00 00/01 102/08+103/04 00/02",
    CpuCodename.SKYLAKE: "04/03 04/0c - - 80/00 10/00 00/00 03/0f 02/0f",
    CpuCodename.CASCADE_LAKE: "04/03 04/0c e3/00 e7/00 80/00 10/00 00/00 03/0f 02/0f",
    CpuCodename.ICE_LAKE: "04/0f 04/30 e3/00 e7/00 80/00+81/00 10/01+10/02 00/00 03/0f 02/0f",
    CpuCodename.SAPPHIRE_RAPIDS: "05/cf 05/f0 e3/00 e7/00 80/00+81/00 10/01+10/02 01/01 03/0f 02/0f",
    CpuCodename.EMERALD_RAPIDS: "05/cf 05/f0 e3/00 e7/00 80/00+81/00 10/01+10/02 01/01 03/0f 02/0f",
    **dict.fromkeys(
        (CpuCodename.GRANITE_RAPIDS, CpuCodename.SIERRA_FOREST, CpuCodename.CLEARWATER_FOREST),
        "05/cf+06/cf 05/f0+06/f0 - - 80/00+81/00+82/00+83/00 10/50+10/a0 01/01 03/0f 02/0f",
    ),
    CpuCodename.UNKNOWN: "- - - - - - - - -",
    CpuCodename.ALDER_LAKE: "- - - - - - - - -",
}
METRICS = (
    *("platform_cas_count_reads", "platform_cas_count_writes"),
    *("platform_pmm_bandwidth_reads", "platform_pmm_bandwidth_writes"),
    *("platform_rpq_occupancy", "platform_rpq_inserts", "platform_imc_clockticks"),
    *("platform_upi_rxl_flits", "platform_upi_txl_flits"),
)


@pytest.mark.parametrize(("codename", "cells"), ONE_OF_EACH.items())
def test_the_events_of_intel_are_those_of_the_generation(codename: CpuCodename, cells: str) -> None:
    found = [
        "+".join(f"{part['event']:02x}/{part['umask']:02x}" for part in parts_of(PREDEFINED[name], codename)) or "-"
        for name in METRICS
    ]

    assert " ".join(found) == cells


def test_links_have_another_name_before_skylake() -> None:
    flits = PREDEFINED["platform_upi_rxl_flits"]

    assert kind_on(flits, CpuCodename.BROADWELL) == "uncore_qpi"
    assert kind_on(flits, CpuCodename.SKYLAKE) == "uncore_upi"


@pytest.mark.parametrize(
    ("tree", "reads"),
    [
        (given.skylake, [[0x304]]),
        (given.ice_lake, [[0xF04]]),
        (given.sapphire_rapids, [[0xCF05]]),
        (given.granite_rapids, [[0xCF05, 0xCF06]]),
    ],
)
def test_the_names_of_the_kernel_are_used_where_there_are_any(tmp_path: Path, tree: object, reads: object) -> None:
    on = tree(tmp_path)  # type: ignore[operator]

    with counting(on, ["platform_cas_count_reads"]) as run:
        assert run.kernel.groups(17, 0) == run.kernel.groups(17, 2) == reads


def test_the_kernel_knows_the_running_cpu_better_than_the_table(tmp_path: Path) -> None:
    found = machine(tmp_path, given.INTEL, 6, 0x55, 4)
    pmu(found, "uncore_imc_0", 17, events={"cas_count_read MiB": "event=0x77,umask=0x1"})

    with counting(found, ["platform_cas_count_reads"]) as run:
        assert run.kernel.groups(17, 0) == [[0x177]]


def test_an_unknown_cpu_is_measured_by_the_names_of_its_kernel_and_else_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = machine(tmp_path, given.INTEL, 6, 0xFE)
    pmu(found, "uncore_imc_0", 17, events={"cas_count_read MiB": "event=0x05,umask=0xcf"})

    with counting(found, ["platform_cas_count_reads", "platform_rpq_inserts"]) as run:
        assert run.kernel.groups(17, 0) == [[0xCF05]]
    assert "uncore event 'platform_rpq_inserts' not supported on a CPU" in caplog.text


def test_the_parts_of_a_metric_are_summed(tmp_path: Path) -> None:
    with counting(given.granite_rapids(tmp_path), ["platform_cas_count_reads"]) as run:
        run.kernel.happen({(17, 0xCF05): 100, (17, 0xCF06): 23})

        assert values(run.step(), "platform_cas_count_reads") == {("0", "17"): 123, ("1", "17"): 123}


def test_parts_that_do_not_fit_together_are_counted_in_turns_and_scaled_before_the_sum(tmp_path: Path) -> None:
    kernel = given.PretendedKernel(room={17: 2})

    with counting(given.granite_rapids(tmp_path), ["platform_rpq_occupancy"], kernel) as run:
        kernel.happen({(17, 0x80): 10, (17, 0x81): 20, (17, 0x82): 30, (17, 0x83): 40}, share=0.5)

        assert kernel.groups(17, 0) == [[0x80, 0x81], [0x82, 0x83]]
        assert values(run.step(), "platform_rpq_occupancy") == {("0", "17"): 100, ("1", "17"): 100}


def test_flits_of_qpi_are_those_of_the_kernel_and_have_eight_bytes(tmp_path: Path) -> None:
    on = machine(tmp_path, given.INTEL, 6, 0x4F)
    pmu(on, "uncore_qpi_0", 21, formats={"event": "config:0-7,21", "umask": "config:8-15"})
    events = ["platform_upi_rxl_flits", "platform_upi_txl_flits"]

    with counting(on, events, enable_derived_metrics=True) as run:
        run.step()
        run.kernel.happen({(21, 0x200802): 80, (21, 0x200403): 10, (21, 0x200): 30})
        step = run.step(2.0)

        assert run.kernel.groups(21, 0) == [[0x200802, 0x200403, 0x200]]
    assert values(step, "platform_upi_bandwidth_bytes_per_second")["0", "21"] == 120 * 8 / 2


def test_the_umask_of_a_link_goes_where_its_format_says(tmp_path: Path) -> None:
    events = ["platform_upi_rxl_flits", "platform_upi_txl_flits", "my/uncore_cha/event=35,umask=c817fe01/"]
    on = given.ice_lake(tmp_path)
    pmu(on, "uncore_upi_0", 20, formats=given.WIDE)

    with counting(on, events) as run:
        assert run.kernel.groups(20, 0) == [[0xF03, 0xF02]]
        assert run.kernel.groups(25, 0) == [[0x00C817FE00000135]]


@pytest.mark.parametrize("tree", [given.skylake, given.granite_rapids])
def test_what_a_generation_lacks_is_told_and_left_out_even_if_nothing_may_be_missing(
    tmp_path: Path, tree: object, caplog: pytest.LogCaptureFixture
) -> None:
    events = ["platform_pmm_bandwidth_reads", "platform_cas_count_reads"]

    with counting(tree(tmp_path), events, perf_event_policy="strict") as run:  # type: ignore[operator]
        step = run.step()

    assert "uncore event 'platform_pmm_bandwidth_reads' not supported on a CPU" in caplog.text
    assert "platform_pmm_bandwidth_reads" not in step.names
    assert "platform_cas_count_reads" in step.names


def test_zen_4_tells_reads_from_writes_and_each_controller_is_of_one_socket(tmp_path: Path) -> None:
    events = [*METRICS[:2], "platform_imc_clockticks"]

    with counting(given.zen_4(tmp_path), events) as run:
        run.kernel.happen({(11, 0x10A): 5, (11, 0x20A): 6, (12, 0x10A): 7, (12, 0): 8})
        step = run.step()

    assert values(step, "platform_cas_count_reads") == {("0", "11"): 5, ("1", "12"): 7}
    assert values(step, "platform_cas_count_writes") == {("0", "11"): 6, ("1", "12"): 0}
    assert values(step, "platform_imc_clockticks") == {("0", "11"): 0, ("1", "12"): 8}


@pytest.mark.parametrize("room", [{9: 4}, {}], ids=["refused", "taken and never counted"])
def test_zen_2_counts_accesses_of_eight_channels_on_four_counters(tmp_path: Path, room: dict[int, int]) -> None:
    kernel = given.PretendedKernel(room=room)
    events = [0x3807 + 0x40 * channel for channel in range(4)]
    far = [0x100003807, 0x100003847, 0x100003887, 0x1000038C7]

    with counting(given.zen_2(tmp_path), ["platform_dram_accesses"], kernel, enable_derived_metrics=True) as run:
        run.step()
        kernel.happen({(9, config): 1000 for config in (*events, *far)}, share=0.5)
        step = run.step(2.0)

        assert kernel.groups(9, 0) == [events, far]
    assert values(step, "platform_dram_accesses") == {("0", "9"): 8000, ("1", "9"): 8000}
    assert values(step, "platform_dram_total_bytes_per_second")["0", "9"] == 8000 * 64 / 2
    assert values(step, "platform_scaling_uncore_factor")["0", "9"] == 2.0


@pytest.mark.parametrize("tree", [given.zen_2, given.zen_4])
def test_amd_has_no_links_and_queues_and_zen_2_no_reads_of_its_own(
    tmp_path: Path, tree: object, caplog: pytest.LogCaptureFixture
) -> None:
    lacking = ["platform_upi_rxl_flits", "platform_rpq_inserts", "platform_pmm_bandwidth_reads"]
    lacking += ["platform_cas_count_reads"] if tree is given.zen_2 else []

    with counting(tree(tmp_path), lacking, perf_event_policy="strict"):  # type: ignore[operator]
        pass

    assert [name for name in lacking if f"{name!r} not supported on a CPU" not in caplog.text] == []


def test_links_and_caches_of_zen_2_are_counted_as_asked_for(tmp_path: Path) -> None:
    """The selectors of slices and threads are left out: the kernel then takes all."""
    events = ["links/amd_df/event=7c7,umask=2/", "misses/amd_l3/event=4,umask=1/"]

    with counting(given.zen_2(tmp_path), events) as run:
        assert run.kernel.groups(9, 0) == [[0x7000002C7]]
        assert run.kernel.groups(10, 3) == [[0x104]]
        run.kernel.happen({(10, 0x104): 5})
        assert values(run.step(), "misses") == {("0", "10"): 10, ("1", "10"): 10}  # of two caches each


def test_a_client_without_programmable_controllers_is_measured_by_counters_that_always_run(tmp_path: Path) -> None:
    with counting(given.tiger_lake(tmp_path), [*METRICS[:2], "platform_dram_accesses"]) as run:
        run.kernel.happen({(30, 0x20FF): 7, (30, 0x30FF): 8, (30, 0x10FF): 15})
        step = run.step()

        assert run.kernel.groups(30, 0) == [[0x20FF], [0x30FF], [0x10FF]]
    assert values(step, "platform_cas_count_reads") == {("0", "30"): 7}
    assert values(step, "platform_cas_count_writes") == {("0", "30"): 8}
    assert values(step, "platform_dram_accesses") == {("0", "30"): 15}


def test_the_only_controller_of_an_older_client_has_names_of_its_own(tmp_path: Path) -> None:
    with counting(given.haswell_client(tmp_path), [*METRICS[:2], "platform_rpq_inserts"]) as run:
        assert run.kernel.groups(12, 0) == [[0x01], [0x02]]


def without_programmable_controllers(tmp_path: Path) -> Machine:
    on = given.ice_lake(tmp_path)
    for file in (tmp_path / "sys/bus/event_source/devices/uncore_imc_0/type",):
        file.unlink()
    return on


def test_counts_of_another_unit_become_lines(tmp_path: Path) -> None:
    events = ["platform_cas_count_reads", "platform_imc_clockticks"]

    with counting(without_programmable_controllers(tmp_path), events) as run:
        run.kernel.happen({(30, 0x20FF): 1600, (30, 0x10FF): 9})
        step = run.step()

    assert values(step, "platform_cas_count_reads")["0", "30"] == 100
    assert values(step, "platform_imc_clockticks")["0", "30"] == 9


def test_programmable_controllers_go_before_counters_that_always_run(tmp_path: Path) -> None:
    with counting(given.ice_lake(tmp_path), ["platform_cas_count_reads"]) as run:
        assert run.kernel.cpus(30) == set()


def test_counts_of_a_unit_that_is_not_known_are_not_given(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    on = given.tiger_lake(tmp_path)
    on.file(f"{given.DEVICES}/uncore_imc_free_running_0/events/data_read.unit", "furlongs\n")

    with counting(on, ["platform_cas_count_reads"]) as run:
        assert run.kernel.opened == {}
    assert "'platform_cas_count_reads' not supported" in caplog.text
