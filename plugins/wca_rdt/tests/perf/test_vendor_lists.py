"""Lists of events of makers of CPUs: which are for this one, and what their fields mean."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.event_map import read_event_map
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.vendor_lists import parse_events, places, read_vendor_lists

from plugins.wca_rdt.tests.perf.machines import processor, resolver
from wca_core.errors import ConfigurationError
from wca_core.model.cpu_codenames import CpuCodename as Cpu
from wca_core.model.platform import Platform

SKYLAKE = processor(Cpu.SKYLAKE).platform
"""GenuineIntel, family 6, model 0x55, stepping 0."""

MAP = """Family-model,Version,Filename,EventType
GenuineIntel-6-55-[01234],v1.36,skylakex,core
GenuineIntel-6-55-[56789ABCDEF],v1.25,cascadelakex,core
GenuineIntel-6-(97|9A),v1.31,/ADL/alderlake.json,core
GenuineIntel-6-55-[01234],v1.36,skylakex/uncore,uncore
AuthenticAMD-25-([245][0-9A-F]|[0-9A-F]),v1,amdzen3,core
"""
EVENTS = [
    {"EventName": "MEM_INST_RETIRED.ALL_LOADS", "EventCode": "0xD0", "UMask": "0x81", "Counter": "0,1,2,3"},
    {"EventName": "CYCLE_ACTIVITY.STALLS_L3_MISS", "EventCode": "0xA3", "UMask": "0x6", "CounterMask": "6"},
    {"EventName": "UOPS.NONE", "EventCode": "0xb1", "UMask": "0x1", "Invert": "1", "EdgeDetect": "1"},
    {
        "EventName": "OFFCORE_RESPONSE.X",
        "EventCode": "0xB7,0xBB",
        "UMask": "0x1",
        "CounterMask": "0",
        "MSRIndex": "0x1a6,0x1a7",
        "MSRValue": "0x10003C0001",
    },
    {"EventName": "INST_RETIRED.ANY", "EventCode": "0x00", "UMask": "0x1", "Counter": "Fixed counter 0"},
    {"EventName": "UNC_CHA_CLOCKTICKS", "EventCode": "0x00", "Unit": "CHA"},
    {"MetricName": "IPC", "MetricExpr": "a / b"},
]


def machine(vendor: str, family: int, model: int, stepping: int) -> Platform:
    return replace(SKYLAKE, cpu_vendor=vendor, cpu_family=family, cpu_model_number=model, cpu_stepping=stepping)


@pytest.mark.parametrize(
    ("cpu", "found"),
    [
        (machine("GenuineIntel", 6, 0x55, 4), ["skylakex"]),
        (machine("GenuineIntel", 6, 0x55, 11), ["cascadelakex"]),
        (machine("GenuineIntel", 6, 0x9A, 3), ["/ADL/alderlake.json"]),
        (machine("AuthenticAMD", 25, 0x21, 0), ["amdzen3"]),
        (machine("AuthenticAMD", 25, 0x1, 1), ["amdzen3"]),
        (machine("GenuineIntel", 6, 0x5, 4), []),
    ],
)
def test_the_map_says_which_list_is_for_which_cpu(cpu: Platform, found: list[str]) -> None:
    assert list(places(MAP, cpu)) == found


def test_fields_are_terms_and_events_that_are_not_of_a_general_counter_of_the_core_are_left_out() -> None:
    assert parse_events(json.dumps(EVENTS), "x.json") == {
        "task_mem_inst_retired_all_loads": {"event": 0xD0, "umask": 0x81},
        "task_cycle_activity_stalls_l3_miss": {"event": 0xA3, "umask": 6, "cmask": 6},
        "task_uops_none": {"event": 0xB1, "umask": 1, "inv": 1, "edge": 1},
        "task_offcore_response_x": {"event": 0xB7, "umask": 1, "config1": 0x10003C0001},
    }


@pytest.mark.parametrize("wrapped", [EVENTS, {"Header": {"Copyright": "..."}, "Events": EVENTS}])
def test_a_folder_of_lists_gives_the_events_of_this_cpu(tmp_path: Path, wrapped: object) -> None:
    (tmp_path / "mapfile.csv").write_text(MAP)
    (tmp_path / "skylakex").mkdir()
    (tmp_path / "skylakex" / "memory.json").write_text(json.dumps(wrapped))

    known = read_event_map(str(tmp_path), SKYLAKE)
    [event] = resolver(event_map=known).resolved(["task_cycle_activity_stalls_l3_miss"]).events

    assert event.codings[0].encoding == Encoding(4, 0x060006A3)
    assert read_vendor_lists(str(tmp_path), machine("GenuineIntel", 6, 1, 1)) == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{", "x.json: JSON expected"),
        ("1", "x.json: a list of events expected"),
        ('[{"EventName": "A", "EventCode": "zz"}]', "x.json: EventCode of 'A': a number expected, found 'zz'"),
    ],
)
def test_a_wrong_list_is_refused_with_its_file(text: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong):
        parse_events(text, "x.json")


def test_a_folder_without_a_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mapfile\.csv: cannot be read"):
        read_event_map(str(tmp_path), SKYLAKE)


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_our_own_error(text: str) -> None:
    with suppress(ConfigurationError):
        list(places(f"{text},v1,x,core", SKYLAKE))
    with suppress(ConfigurationError):
        parse_events(text, "x.json")
    with suppress(ConfigurationError):
        parse_events(json.dumps([{"EventName": text, "EventCode": text, "UMask": text}]), "x.json")
