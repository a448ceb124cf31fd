"""What `wca doctor` says of uncore counters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plugins.wca_rdt.tests.perf.uncore import given
from plugins.wca_rdt.tests.perf.uncore.given import PretendedKernel, uncore
from wca_core.readiness import State, examined
from wca_core.testing import Machine

READS = "platform_cas_count_reads"


def states(machine: Machine, events: Sequence[str]) -> list[State]:
    host = machine.host()
    needs = uncore(PretendedKernel(), events).requirements()
    return [examined(need, host).state for need in needs]


def test_the_doctor_is_told_which_pmus_are_missing(tmp_path: Path) -> None:
    paranoid = "/proc/sys/kernel/perf_event_paranoid"
    on = given.skylake(tmp_path).file(paranoid, "2\n").file("/proc/self/status", "CapEff:\t0000000000000000\n")

    assert states(on, [READS]) == [State.MET, State.MISSING]
    assert states(on, [READS, "my/uncore_iio/event=1/"]) == [State.MISSING, State.MISSING]
    assert states(on.file(paranoid, "0\n"), []) == [State.MET, State.MET]
    assert (
        states(on.file("/proc/self/status", "CapEff:\t0000004000000000\n").file(paranoid, "4\n"), [READS])[1]
        is State.MET
    )
