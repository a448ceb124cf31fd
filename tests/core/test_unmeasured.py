"""Who looks back on what nothing measures is told once, loudly where the name looks misspelt."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core import Metric, Sample, Snapshot, Task, counter, hookimpl, plugin
from wca_core.testing import Machine, make_task, running
from wca_core.unmeasured import PATIENCE

CYCLES = Metric("task_cycles", "Cycles.", counter)
TWICE = Metric("task_cycles_twice", "Twice the cycles.", counter)


@plugin(api=1)
@dataclass(eq=False)
class LookingBack:
    looks_back: Mapping[str, float] = field(default_factory=dict)
    every: int = 1
    step: int = 0

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        self.step += 1
        if self.step % self.every == 0:
            yield from (CYCLES.sample(self.step, task) for task in tasks)

    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        yield from (TWICE.sample(2 * self.step, task) for task in snapshot.tasks)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        """Nothing is found."""


def told(tmp_path: Path, caplog: pytest.LogCaptureFixture, looking: LookingBack, steps: int) -> list[tuple[str, str]]:
    machine = Machine(tmp_path)
    caplog.set_level(logging.INFO, "wca.histories")
    with running(machine, [looking], [make_task("/a")]) as agent:
        for _ in range(steps):
            agent.step()
            machine.clock.advance(1.0)
    return [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "wca.histories"]


def test_a_misspelt_name_is_told_once_with_the_right_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    looking = LookingBack({"task_cycels": 60.0, "task_cycles": 60.0})

    ((level, message),) = told(tmp_path, caplog, looking, 3 * PATIENCE)

    assert level == "WARNING"
    assert "looking-back looks back on task_cycels" in message
    assert "did you mean task_cycles?" in message


def test_what_may_only_not_be_plugged_in_is_a_note(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ((level, message),) = told(tmp_path, caplog, LookingBack({"task_mem_bandwidth_bytes": 60.0}), 3 * PATIENCE)

    assert (level, "`wca metrics`" in message) == ("INFO", True)


@pytest.mark.parametrize(
    ("looking", "steps"),
    [
        (LookingBack({"task_cycles": 60.0, "task_cycles_twice": 60.0}), 2 * PATIENCE),
        (LookingBack({"task_cycles": 60.0}, every=PATIENCE - 2), 2 * PATIENCE),
        (LookingBack({"task_cycels": 60.0}), PATIENCE - 1),
        (LookingBack(), 2 * PATIENCE),
    ],
    ids=["measured and derived", "measured now and then", "too early to tell", "nobody looks back"],
)
def test_nothing_else_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, looking: LookingBack, steps: int
) -> None:
    assert told(tmp_path, caplog, looking, steps) == []
