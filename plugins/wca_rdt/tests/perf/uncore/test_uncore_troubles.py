"""What happens when a PMU cannot be read any more, or moves to another CPU."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given as given_some
from hypothesis import settings
from hypothesis import strategies as some

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import PretendedKernel, Run, counting, pmu, values
from wca_core.testing import Machine

READS = "platform_cas_count_reads"
OTHERS = {("0", "18"), ("1", "18")}
ALL = {("0", "17"), ("1", "17"), *OTHERS}
MASK = f"{given.DEVICES}/uncore_imc_0/cpumask"


@pytest.mark.parametrize("error", [errno.EIO, 0])
def test_a_pmu_that_cannot_be_read_is_left_out_and_told_once(
    tmp_path: Path, error: int, caplog: pytest.LogCaptureFixture
) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.fails[17] = error
        broken = [values(run.step(), READS).keys() for _ in range(3)]
        del run.kernel.fails[17]
        run.kernel.happen({(17, 0x304): 5})
        mended = values(run.step(), READS)

    assert broken == [OTHERS] * 3
    assert mended["0", "17"] == 5
    assert [record.levelname for record in caplog.records if "uncore_imc_0" in record.getMessage()] == ["WARNING"]


def test_a_group_that_is_never_on_the_counters_is_not_zero(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({}, nanoseconds=5_000_000, share=0)
        soon = values(run.step(), READS)
        run.kernel.happen({(17, 0x304): 9}, nanoseconds=2_000_000_000, share=0)
        starved = [values(run.step(), READS) for _ in range(2)]
        run.kernel.happen({(17, 0x304): 9})
        later = values(run.step(), READS)

    assert soon.keys() == later.keys() == ALL
    assert starved == [{}, {}]
    assert caplog.text.count("uncore_imc_0 counts nothing of some events") == 1


def test_after_ten_failures_its_groups_are_opened_again_and_nothing_falls(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({(17, 0x304): 1000})
        run.step()
        opened = run.kernel.ever
        run.kernel.fails[17] = errno.EIO
        for _ in range(10):
            run.step()
            assert run.kernel.ever == opened
        del run.kernel.fails[17]
        run.kernel.happen({(17, 0x304): 50})  # while nobody counts
        again = values(run.step(), READS)
        run.kernel.happen({(17, 0x304): 7})
        later = values(run.step(), READS)

    assert again["0", "17"] == 1000
    assert later["0", "17"] == 1007


def test_a_pmu_that_cannot_be_opened_again_is_tried_in_every_step(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.refuses[17, 0x304] = errno.ENODEV
        run.machine.file(MASK, "1,3\n")
        without = [values(run.step(), READS).keys() for _ in range(2)]
        run.kernel.refuses.clear()
        back = values(run.step(), READS).keys()

    assert without == [OTHERS] * 2
    assert back == ALL


def test_bandwidths_skip_the_step_after_a_gap(tmp_path: Path) -> None:
    bandwidth = "platform_dram_reads_bytes_per_second"

    with counting(given.skylake(tmp_path), [READS], enable_derived_metrics=True) as run:
        run.step()
        run.kernel.fails[17] = errno.EIO
        gap = values(run.step(), bandwidth).keys()
        del run.kernel.fails[17]
        after = values(run.step(), bandwidth).keys()
        then = values(run.step(), bandwidth).keys()

    assert (gap, after, then) == (OTHERS, OTHERS, ALL)


def test_a_pmu_follows_its_mask_to_another_cpu_and_counts_on(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({(17, 0x304): 1000})
        run.step()
        run.kernel.happen({(17, 0x304): 500})
        run.machine.file(MASK, "1,2\n")
        moved = values(run.step(), READS)
        run.kernel.happen({(17, 0x304): 30})
        later = values(run.step(), READS)

        assert run.kernel.cpus(17) == {1, 2}
        assert run.kernel.cpus(18) == {0, 2}
    assert moved["0", "17"] == 1500  # what came before the move is read once more
    assert later["0", "17"] == later["1", "17"] == 1530


def test_a_mask_is_followed_once_not_in_every_step(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.machine.file(MASK, "1,2\n")
        run.step()
        opened = run.kernel.ever
        run.step()

        assert run.kernel.ever == opened


def test_a_cpu_that_is_not_in_a_mask_may_go_without_anything_being_opened_again(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.step()
        opened = run.kernel.ever
        run.machine.file("/sys/devices/system/cpu/online", "0-2\n")

        assert values(run.step(), READS).keys() == ALL
        assert run.kernel.ever == opened


def test_a_socket_that_goes_offline_stops_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({(17, 0x304): 1000})
        run.step()
        offline(run.machine, "0-1\n", "0\n")
        gone = values(run.step(), READS)
        run.kernel.happen({(17, 0x304): 1})
        offline(run.machine, "0-3\n", "0,2\n")
        back = values(run.step(), READS)
        run.kernel.happen({(17, 0x304): 1})
        later = values(run.step(), READS)

    assert gone == {("0", "17"): 1000, ("0", "18"): 0}
    assert (back["0", "17"], back["1", "17"]) == (1001, 1000)
    assert (later["0", "17"], later["1", "17"]) == (1002, 1001)


def offline(machine: Machine, online: str, mask: str) -> None:
    machine.file("/sys/devices/system/cpu/online", online)
    for number in range(2):
        machine.file(f"{given.DEVICES}/uncore_imc_{number}/cpumask", mask)


@pytest.mark.parametrize("mask", ["many\n", "7\n"])
def test_a_mask_that_names_no_cpu_leaves_the_pmu_out_until_it_does(tmp_path: Path, mask: str) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.machine.file(MASK, mask)
        without = values(run.step(), READS).keys()
        run.machine.file(MASK, "0,2\n")
        back = values(run.step(), READS).keys()

    assert (without, back) == (OTHERS, ALL)


def test_a_mask_without_online_cpus_at_the_start_costs_only_that_pmu(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    on = given.skylake(tmp_path)
    pmu(on, "uncore_imc_0", 17, "7")

    with counting(on, [READS], PretendedKernel()) as run:
        assert values(run.step(), READS).keys() == OTHERS
    assert "uncore_imc_0: none of the CPUs of its cpumask [7] is online; it is left out" in caplog.text


ACTIONS = some.sampled_from(["count", "take turns", "break", "mend", "move", "move back", "refuse", "accept"])


@settings(max_examples=40, deadline=None)
@given_some(some.lists(ACTIONS, max_size=25))
def test_no_count_ever_falls_whatever_happens(tmp_path_factory: pytest.TempPathFactory, actions: list[str]) -> None:
    with counting(given.skylake(tmp_path_factory.mktemp("machine")), [READS]) as run:
        highest: dict[tuple[str, ...], float] = {}
        for action in actions:
            happens(run, action)
            now = values(run.step(), READS)
            assert all(count >= highest.get(key, 0) for key, count in now.items())
            highest |= now


def happens(run: Run, action: str) -> None:
    kernel = run.kernel
    match action:
        case "count" | "take turns":
            kernel.happen({(17, 0x304): 100}, share=1.0 if action == "count" else 0.3)
        case "break":
            kernel.fails[17] = errno.EIO
        case "mend":
            kernel.fails.clear()
        case "refuse":
            kernel.refuses[17, 0x304] = errno.ENODEV
        case "accept":
            kernel.refuses.clear()
        case _:
            run.machine.file(MASK, "1,3\n" if action == "move" else "0,2\n")
