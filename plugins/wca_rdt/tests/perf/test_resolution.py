"""What the names of events mean, on the CPUs of several makers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.event_map import read_event_map
from wca_rdt.perf.events import IsEventName, parse_raw
from wca_rdt.perf.models import HELP
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.resolution import Resolver

from plugins.wca_rdt.tests.perf.machines import ARM, BIG, INTEL, LITTLE, processor, resolver
from wca_core.errors import ConfigurationError, WcaError
from wca_core.model.cpu_codenames import CpuCodename as Cpu

STALLS = "task_stalled_mem_loads"


def encoding(of: Resolver, name: str) -> Encoding:
    [event] = of.resolved([name]).events
    [coding] = event.codings
    return coding.encoding


@pytest.mark.parametrize(
    ("name", "config", "config1"),
    [
        ("some__r0302ff", 0xFF000203, 0),
        ("some__rc000", 0xC0, 0),
        ("some__r000001", 0x01000000, 0),
        ("some__rB70100003C0004AA", 0x01B7, 0x3C0004AA),
        ("a__real__name__rD081", 0x81D0, 0),
    ],
)
def test_a_raw_name_is_event_umask_cmask_and_more(name: str, config: int, config1: int) -> None:
    assert parse_raw(name) == Encoding(4, config, config1)


@pytest.mark.parametrize("name", ["x__r00000100", "x__r", "x__r12", "x__rxyz1", "x__r12345", "__rC000"])
def test_another_raw_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"4, 6 or 16 hexadecimal digits expected after the last '__r'"
    ) as error:
        parse_raw(name)

    assert repr(name) in str(error.value)


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_our_own_errors(text: str) -> None:
    with suppress(WcaError):
        resolver().resolved([text])


@pytest.mark.parametrize(
    ("name", "type_", "config"),
    [
        ("task_cycles", 0, 0),
        ("task_instructions", 0, 1),
        ("task_ref_cycles", 0, 9),
        ("task_task_clock_seconds", 1, 1),
        ("task_cgroup_switches", 1, 11),
        ("task_llc_load_misses", 3, 2 | 1 << 16),
        ("task_llc_stores", 3, 2 | 1 << 8),
        ("task_node_load_misses", 3, 6 | 1 << 16),
        ("task_dtlb_read_misses", 3, 3 | 1 << 16),
    ],
)
def test_a_generic_name_means_the_same_everywhere(name: str, type_: int, config: int) -> None:
    assert encoding(resolver(Cpu.UNKNOWN), name) == Encoding(type_, config)


@pytest.mark.parametrize(
    ("cpu", "name", "config"),
    [
        (Cpu.SKYLAKE, STALLS, 0x140014A3),
        (Cpu.BROADWELL, STALLS, 0x60006A3),
        (Cpu.SAPPHIRE_RAPIDS, STALLS, 0x050021A6),
        (Cpu.SKYLAKE, "task_offcore_requests_outstanding_l3_miss_demand_data_rd", 0x1060),
        (Cpu.HASWELL, "task_mem_load_retired_remote_dram", 0x04D3),
        (Cpu.ICE_LAKE, "task_mem_load_retired_remote_dram", 0x02D3),
        (Cpu.CASCADE_LAKE, "task_mem_load_retired_local_pmm", 0x80D1),
        (Cpu.GRANITE_RAPIDS, "task_dtlb_load_misses", 0x0E12),
        (Cpu.SIERRA_FOREST, STALLS, 0x7F34),
    ],
)
def test_a_name_of_a_model_has_the_code_of_that_model(cpu: Cpu, name: str, config: int) -> None:
    assert encoding(resolver(cpu), name) == Encoding(4, config)


@pytest.mark.parametrize(
    ("cpu", "name"),
    [
        (Cpu.EMERALD_RAPIDS, "task_mem_load_retired_local_pmm"),
        (Cpu.BROADWELL, "task_offcore_requests_l3_miss_demand_data_rd"),
        (Cpu.CLEARWATER_FOREST, STALLS),
        (Cpu.UNKNOWN, STALLS),
    ],
)
def test_a_name_without_a_code_for_this_cpu_is_left_out_with_the_cpu_named(cpu: Cpu, name: str) -> None:
    found = resolver(cpu).resolved(["task_cycles", name])

    assert [event.name for event in found.events] == ["task_cycles"]
    assert "Some CPU (GenuineIntel, family 6, model 85, stepping 0" in found.left_out[name]


def test_codes_of_amd_are_used_only_by_consent() -> None:
    loads = "task_mem_inst_retired_loads"

    refused = resolver(Cpu.ZEN_4).resolved([loads, STALLS])

    assert refused.events == ()
    assert "event_names_approximate: true" in refused.left_out[loads]
    assert encoding(resolver(Cpu.ZEN_4, approximate=True), loads) == Encoding(4, 0x0129)
    assert "no code of it" in resolver(Cpu.ZEN_4, approximate=True).resolved([STALLS]).left_out[STALLS]


def test_arm_has_a_second_code_where_the_first_is_not_implemented() -> None:
    [event] = resolver(Cpu.NEOVERSE_N2, ARM).resolved(["task_mem_inst_retired_loads"]).events

    assert event.codings[0].encoding == Encoding(8, 0x06)
    assert event.alternative == Encoding(8, 0x70)


def test_what_an_arm_core_does_not_name_it_would_count_as_zero_so_it_is_not_asked() -> None:
    n1 = resolver(Cpu.NEOVERSE_N1, ARM)

    assert encoding(n1, "task_dtlb_load_misses") == Encoding(8, 0x34)
    assert encoding(n1, "task_mem_inst_retired_stores") == Encoding(8, 0x71), "the second one, of what is speculated"
    assert "no code of it" in n1.resolved([STALLS]).left_out[STALLS]


def test_on_a_hybrid_machine_each_kind_of_core_has_its_own_code() -> None:
    hybrid = resolver(Cpu.ALDER_LAKE, BIG, LITTLE)

    cycles, raw, clock = hybrid.resolved(["task_cycles", "some__rC000", "task_task_clock_seconds"]).events

    assert cycles.coding_on(1).encoding == Encoding(0, 4 << 32)  # type: ignore[union-attr]
    assert cycles.coding_on(3).encoding == Encoding(0, 10 << 32)  # type: ignore[union-attr]
    assert raw.coding_on(2).encoding == Encoding(10, 0xC0)  # type: ignore[union-attr]
    assert cycles.coding_on(4) is None
    assert clock.coding_on(4) is not None


def test_terms_of_the_core_pmu_are_spelled_as_perf_spells_them() -> None:
    found = resolver().resolved(["task_loads__pmu/event=0xd0,umask=0x81,cmask=1,edge/", "x__cpu_atom/event=1/"])

    [event] = found.events
    assert (event.name, event.codings[0].encoding) == ("task_loads", Encoding(4, 0x010481D0))
    assert "no PMU 'cpu_atom'" in found.left_out["x__cpu_atom/event=1/"]


def test_what_the_kernel_names_itself_has_a_metric_of_that_name() -> None:
    assert encoding(resolver(), "task_mem_loads") == Encoding(4, 0x01CD, 3)


@pytest.mark.parametrize("name", ["task_cylces", "task_mem_stores", "foo"])
def test_a_name_that_is_nowhere_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no event '{name}'"):
        resolver().resolved([name])


def test_two_events_of_one_metric_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="another event have the metric task_x"):
        resolver().resolved(["task_x__pmu/event=1/", "task_x__pmu/event=2/"])


@pytest.mark.parametrize("name", ["a b", "task_x__pmu/event=1", "9lives", "x/y/", ""])
def test_a_malformed_name_is_refused_before_anything_starts(name: str) -> None:
    with pytest.raises(ValueError, match="the name of an event"):
        IsEventName().check(name)


def test_the_map_of_the_user_says_what_no_table_knows(tmp_path: Path) -> None:
    file = tmp_path / "events.yaml"
    file.write_text(
        "task_l2:\n"
        "- {match: {vendor: AuthenticAMD}, event: 0x64}\n"
        "- {match: {vendor: GenuineIntel, family: 6, model: 0x55}, event: 0x24, umask: 0x3f, inv: 1}\n"
        f"{STALLS}:\n- {{event: 0x99}}\n"
        "task_mem_load_retired_local_pmm:\n- {event: 0x77}\n"
    )
    known = read_event_map(str(file), processor(Cpu.SKYLAKE).platform)

    assert encoding(resolver(event_map=known), "task_l2") == Encoding(4, 0x803F24)
    assert encoding(resolver(event_map=known), STALLS) == Encoding(4, 0x140014A3), "a known code goes first"
    assert encoding(resolver(event_map=known), "task_mem_load_retired_local_pmm") == Encoding(4, 0x77)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("- 1", r":1:1: metrics and their codes expected"),
        ("task_x: 1", r":1:9: a list of codes expected"),
        ("task_x:\n- {evnet: 1}", r":2:4: 'evnet' is none of"),
        ("task_x:\n- {event: -1}", r":2:11: a whole number of 0 or more"),
        ("task_x:\n- {match: {model: 1.5}}", r"a text or a whole number expected"),
    ],
)
def test_a_wrong_map_is_refused_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "events.yaml"
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=wrong):
        read_event_map(str(file), processor(Cpu.SKYLAKE).platform)


def test_every_named_event_of_a_model_is_known_on_some_cpu() -> None:
    found = {name for cpu in Cpu for name in resolver(cpu).resolved(HELP).left_out}
    everywhere = {name for name in HELP if all(name in resolver(cpu).resolved(HELP).left_out for cpu in Cpu)}

    assert found == set(HELP)
    assert everywhere == set()


def test_counters_that_the_watchdog_takes_are_not_counted_in() -> None:
    zen = processor(Cpu.ZEN_4, INTEL)

    assert zen.general_counters == 6
    assert processor(Cpu.SKYLAKE, INTEL).general_counters == 8, "without simultaneous threads"
    assert processor(Cpu.UNKNOWN).general_counters is None
