from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wca_record import open_recording

from plugins.wca_record.tests.given import ABOUT, LOAD, TASKS, USAGE, force, step, told, usual
from wca_core.model.allocation import AllocationType
from wca_core.model.platform import Platform
from wca_core.model.rdt_allocation import RDTAllocation

KEPT = Path(__file__).with_name("format-1.arrows")
"""Written by the first version of format 1, with `data(STEPS)`. Never write it again: others have older files."""
PLATFORM = Platform(topology={0: {0: (0, 1)}}, node_cpus={0: frozenset({0, 1})}, timestamp=1.5, parts={"a": (1,)})
STEPS = [
    usual(0),
    step(
        2,
        [USAGE.sample(2**70, TASKS[1], cpu=3), LOAD.sample(-0.0)],
        TASKS[1:2],
        platform=PLATFORM,
        allocations=(
            force("/t1", AllocationType.RDT, RDTAllocation(name="\udcff", l3="L3:0=f")),
            force("/t1", AllocationType.CPUSET_CPUS, [0, 1]),
        ),
    ),
    usual(3),
]


def test_a_recording_of_format_1_is_read_as_ever():
    recording = open_recording(KEPT)

    steps = list(recording.steps())

    assert recording.about == ABOUT
    assert recording.trouble is None
    assert [told(one) for one in steps] == [told(one) for one in STEPS]


def test_the_library_is_imported_only_where_something_is_recorded_or_read():
    modules = "wca_record, wca_record.recorder, wca_record.command, wca_record.about_command"

    ended = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print('pyarrow' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stdout == "False\n"
