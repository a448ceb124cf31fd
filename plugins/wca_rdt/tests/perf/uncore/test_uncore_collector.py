"""What the plugin gives in a step, and what it does about machines that lack what was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import PretendedKernel, counting, pmu, uncore, values
from wca_core.errors import StartError
from wca_core.testing import Machine, check_plugin, running

READS, WRITES = "platform_cas_count_reads", "platform_cas_count_writes"


def test_each_controller_of_each_socket_has_a_series(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({(17, 0x304): 5, (18, 0x304): 6})
        step = run.step()

    assert values(step, READS) == {("0", "17"): 5, ("0", "18"): 6, ("1", "17"): 5, ("1", "18"): 6}
    assert values(step, "platform_scaling_uncore_factor") == dict.fromkeys(values(step, READS), 1.0)


def test_numbers_of_pmus_are_told_with_their_names(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        step = run.step()

        assert run.agent.host.platform_parts["uncore"] == {17: "uncore_imc_0", 18: "uncore_imc_1"}
    info = {("17", "uncore_imc_0"): 1, ("18", "uncore_imc_1"): 1}
    assert values(step, "platform_uncore_pmu_info") == info


def test_events_of_a_set_are_one_group_and_every_set_has_its_own(tmp_path: Path) -> None:
    events = [[READS, WRITES], ["my/uncore_imc/event=1/"]]

    with counting(given.skylake(tmp_path), events) as run:
        assert run.kernel.groups(17, 0) == [[0x304, 0xC04], [0x1]]
        run.kernel.happen({(17, 0x304): 5, (17, 0x1): 6})
        step = run.step()

    assert (values(step, READS)["0", "17"], values(step, "my")["0", "17"]) == (5, 6)


def test_only_pmus_that_somebody_asked_for_are_opened(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        assert {one.encoding.type for one in run.kernel.opened.values()} == {17, 18}


def test_each_pmu_is_opened_on_the_cpus_of_its_own_mask(tmp_path: Path) -> None:
    on = given.skylake(tmp_path)
    pmu(on, "uncore_imc_1", 18, "1,3")
    (tmp_path / "sys/bus/event_source/devices/uncore_cha_0/cpumask").unlink()

    with counting(on, [READS, "my/uncore_cha_0/event=1/"]) as run:
        assert (run.kernel.cpus(17), run.kernel.cpus(18)) == ({0, 2}, {1, 3})
        assert run.kernel.cpus(25) == {0, 2}  # without a mask the first CPU of each socket


def test_several_cpus_of_one_socket_are_added_up(tmp_path: Path) -> None:
    on = given.skylake(tmp_path)
    pmu(on, "uncore_imc_0", 17, "0-3")

    with counting(on, ["my/uncore_imc_0/event=1/"]) as run:
        run.kernel.happen({(17, 1): 5})

        assert values(run.step(), "my") == {("0", "17"): 10, ("1", "17"): 10}


def test_counts_that_took_turns_are_extrapolated_interval_by_interval(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.kernel.happen({(17, 0x304): 1000})
        before = run.step()
        run.kernel.happen({(17, 0x304): 1000}, share=0.25)
        after = run.step()

    assert values(before, READS)["0", "17"] == 1000
    assert values(before, "platform_scaling_uncore_factor")["0", "17"] == 1.0
    assert values(after, READS)["0", "17"] >= 1000
    assert values(after, "platform_scaling_uncore_factor")["0", "17"] == 4.0


def test_of_several_sets_the_largest_factor_is_told_and_1_when_nothing_ran(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [[READS], [WRITES]]) as run:
        run.kernel.happen({}, share=0.0)

        assert set(values(run.step(), "platform_scaling_uncore_factor").values()) == {1.0}


def test_bandwidths_come_with_the_second_step(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS], enable_derived_metrics=True) as run:
        first = run.step()
        run.kernel.happen({(17, 0x304): 1_000_000})
        second = run.step(2.0)

    assert "platform_dram_reads_bytes_per_second" not in first.names
    assert values(second, "platform_dram_reads_bytes_per_second")["0", "17"] == 32_000_000
    assert values(second, "platform_dram_reads_bytes_per_second")["0", "18"] == 0


def test_bandwidths_have_to_be_asked_for(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS]) as run:
        run.step()

        assert "platform_dram_reads_bytes_per_second" not in run.step().names


def test_a_machine_with_nothing_but_memory_controllers_is_measured(tmp_path: Path) -> None:
    with counting(given.sapphire_rapids(tmp_path), [READS, WRITES], perf_event_policy="strict") as run:
        assert values(run.step(), READS) == {("0", "17"): 0, ("1", "17"): 0}


def test_what_the_machine_lacks_is_told_once_and_the_rest_measured(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = ["platform_upi_rxl_flits", "platform_upi_txl_flits", READS]

    with counting(given.ice_lake(tmp_path), events) as run:
        names = [run.step().names for _ in range(3)][-1]

    told = [record.getMessage() for record in caplog.records if "not available" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("PMU 'uncore_upi' not available: this kernel has uncore_cha_0, uncore_imc_0, ")
    assert told[0].endswith("; left out: platform_upi_rxl_flits, platform_upi_txl_flits")
    assert READS in names


def test_a_machine_without_any_pmu_is_no_reason_not_to_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    on = given.machine(tmp_path, given.INTEL, 6, 0x8F)

    with counting(on, [READS, "my/uncore_cha/event=1/"]) as run:
        assert READS not in run.step().names

    assert "PMU 'uncore_imc' not available" in caplog.text
    assert "PMU 'uncore_cha' not available: this kernel has no PMU at all (modprobe" in caplog.text


def test_strict_refuses_to_start_without_a_pmu(tmp_path: Path) -> None:
    on = given.machine(tmp_path, given.INTEL, 6, 0x8F)

    with (
        pytest.raises(StartError, match="uncore cannot start: PMU 'uncore_imc' not available"),
        counting(on, [READS], perf_event_policy="strict"),
    ):
        pass


def test_without_events_nothing_is_looked_for(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), []) as run:
        assert "platform_uncore_pmu_info" not in run.step().names
        assert run.kernel.opened == {}


def test_everything_is_closed_at_the_end(tmp_path: Path) -> None:
    with counting(given.skylake(tmp_path), [READS, WRITES]) as run:
        open_files = run.agent.host.open_files
        assert len(run.kernel.opened) == 8
        assert open_files.count >= 8
    assert run.kernel.opened == {}
    assert open_files.count == 0


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("type", "many\n", "uncore_imc_1/type: a number expected, found 'many'"),
        ("cpumask", "many\n", "uncore_imc_1/cpumask: 'many"),
        ("format/event", "config\n", "uncore_imc_1/format/event: a word and bits such as"),
        ("events/cas_count_read", "event=\n", "uncore_imc_1/events/cas_count_read: the term 'event'"),
        ("events/cas_count_read.scale", "much\n", "a number expected, found 'much'"),
        ("events/cas_count_read.scale", "-1\n", "'-1' MiB for one count cannot be"),
    ],
)
def test_a_pmu_that_is_not_as_documented_costs_only_itself(
    tmp_path: Path, file: str, text: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    on = given.skylake(tmp_path).file(f"{given.DEVICES}/uncore_imc_1/{file}", text)

    with counting(on, [READS]) as run:
        assert values(run.step(), READS).keys() == {("0", "17"), ("1", "17")}
    assert f"{told}" in caplog.text
    with pytest.raises(StartError, match=re.escape(told)), counting(on, [READS], perf_event_policy="strict"):
        pass


def test_a_machine_that_does_not_tell_its_cpus_is_told_and_not_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with counting(Machine(tmp_path), [READS]) as run:
        assert READS not in run.step().names
    assert "devices/system/cpu/online is missing" in caplog.text


def test_the_plugin_describes_what_it_gives(tmp_path: Path) -> None:
    plugin = uncore(PretendedKernel(), [READS, "my/uncore_imc/event=1/"], enable_derived_metrics=True)
    described = {metric.name for metric in check_plugin(plugin)}

    with running(given.skylake(tmp_path), [plugin]) as agent:
        agent.step()
        given_now = {sample.name for sample in agent.step().samples if sample.name.startswith(("platform_", "my"))}

    assert given_now <= described
    assert "my" in described
