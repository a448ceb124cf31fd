"""The kernel that runs: a PMU of its own that counts on whole CPUs, through the plugin as it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from wca_rdt.perf.attributes import SOFTWARE
from wca_rdt.perf.pmu import Encoding, read_names, read_pmu
from wca_rdt.perf.uncore.collector import Uncore
from wca_rdt.perf.uncore.kernel import Kernel

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import values
from wca_core.host import Host
from wca_core.testing import Measured, running

CPU_CLOCK = Encoding(SOFTWARE, 0)


def why_not(encoding: Encoding) -> str:
    try:
        Kernel().close(Kernel().open(encoding, min(os.sched_getaffinity(0)), None))
    except OSError as error:
        return f"perf_event_open: {error.strerror}"
    return ""


@pytest.fixture
def tsc() -> Encoding:
    """The event `tsc` of the PMU `msr`, which every x86 has that the kernel trusts with it."""
    found = read_pmu("/sys", "msr")
    if found is None or "tsc" not in found.aliases:
        pytest.skip("this kernel has no PMU msr with an event tsc")
    encoding = found.encode({"tsc": None})
    if reason := why_not(encoding):
        pytest.skip(reason)
    return encoding


def test_the_time_stamp_counter_is_counted_on_a_cpu_of_each_socket(tsc: Encoding) -> None:
    with running(Host(), [Uncore(uncore_event_names=["ticks/msr/tsc/"])]) as agent:
        counts = []
        for _ in range(3):
            started = time.monotonic()
            counts.append(values(Measured(agent.step(), agent.host.statistics), "ticks"))
            while time.monotonic() < started + 0.02:
                pass
        sockets = agent.host.platform.sockets

    assert [len(one) for one in counts] == [sockets] * 3
    for key in counts[0]:
        assert counts[0][key] < counts[1][key] < counts[2][key]


def test_a_set_of_several_events_is_one_group_of_the_kernel(tsc: Encoding) -> None:
    events = [["ticks/msr/event=0/", "same/msr/tsc/"], ["clock/software/config=0/"]]

    with running(Host(), [Uncore(uncore_event_names=events, perf_event_policy="strict")]) as agent:
        agent.step()
        step = Measured(agent.step(), agent.host.statistics)

    ticks, same = values(step, "ticks"), values(step, "same")
    assert ticks.keys() == same.keys()
    for key, count in ticks.items():
        assert abs(count - same[key]) <= count * 0.5, "both began together and are read together"
    assert set(values(step, "platform_scaling_uncore_factor").values()) == {1.0}
    assert min(values(step, "clock").values()) > 0


def test_an_event_that_the_real_pmu_does_not_have_is_told_with_its_encoding(
    tsc: Encoding, caplog: pytest.LogCaptureFixture
) -> None:
    events = ["none/msr/event=ffff/", "ticks/msr/tsc/"]

    with running(Host(), [Uncore(uncore_event_names=events, perf_event_policy="best_effort")]) as agent:
        step = Measured(agent.step(), agent.host.statistics)

    assert values(step, "ticks")
    assert "none" not in step.names
    assert f"the kernel refused none on CPU 0 (EINVAL, type {tsc.type}, config 0xffff)" in caplog.text


def test_nothing_stays_open(tsc: Encoding) -> None:
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(3):
        with running(Host(), [Uncore(uncore_event_names=["ticks/msr/tsc/"])]) as agent:
            agent.step()

    assert len(os.listdir("/proc/self/fd")) == before


def test_controllers_of_a_tree_are_opened_by_the_real_kernel(tmp_path: Path) -> None:
    """Its types are those of software events: what is opened is real, what it is called is not."""
    if reason := why_not(CPU_CLOCK):
        pytest.skip(reason)
    cpu = min(os.sched_getaffinity(0))
    on = given.machine(tmp_path, given.INTEL, 6, 0x55, 4, sockets=1).cpus({0: {0: [cpu]}})
    given.pmu(on, "uncore_imc_0", SOFTWARE, str(cpu), events={"clockticks": "event=0x00"})

    with running(on, [Uncore(uncore_event_names=["platform_imc_clockticks"], perf_event_policy="strict")]) as agent:
        agent.step()
        step = Measured(agent.step(), agent.host.statistics)

    assert values(step, "platform_imc_clockticks")["0", "1"] > 0


def test_uncore_pmus_of_this_machine_give_bandwidth_if_it_has_any() -> None:
    if not any(name.startswith(("uncore_imc", "amd_umc")) for name in read_names("/sys")):
        pytest.skip("this machine shows no memory controllers (bare metal of Intel or AMD Zen 4 has them)")
    if reason := why_not(CPU_CLOCK):
        pytest.skip(reason)
    events = ["platform_cas_count_reads", "platform_cas_count_writes"]

    with running(Host(), [Uncore(uncore_event_names=events)]) as agent:
        agent.step()
        bytes(1 << 26)
        step = Measured(agent.step(), agent.host.statistics)

    assert sum(values(step, "platform_cas_count_writes").values()) > 0
