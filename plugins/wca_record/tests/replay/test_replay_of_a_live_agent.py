"""What a detector finds in a replay is what it found while the agent measured: on real cgroups."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from wca_record import open_recording
from wca_record import replay as replayed
from wca_record.recorder import Recorder

from plugins.wca_record.tests.replay.given import Hungry
from tests.cgroups import first_line, real_cgroups_or_skip
from wca_core.agent import Step
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.host import Host
from wca_core.model.anomaly import Anomaly
from wca_core.testing import make_task, running

pytestmark = [pytest.mark.root, pytest.mark.vm]

BUSY = "print('ready', flush=True)\nwhile True: pass"
IDLE = "print('ready', flush=True)\nimport time\nwhile True: time.sleep(1000)"


def told(anomaly: Anomaly) -> tuple[object, ...]:
    context = tuple((sample.name, sample.labels, sample.value) for sample in anomaly.context)
    return anomaly.contended_task_id, anomaly.contending_task_ids, anomaly.resource, context


def test_a_replay_finds_what_the_live_agent_found(tmp_path: Path) -> None:
    file = str(tmp_path / "live.arrows")
    with real_cgroups_or_skip() as cgroups:
        busy, idle = cgroups.make("busy"), cgroups.make("idle")
        first_line(busy.run(sys.executable, "-I", "-S", "-c", BUSY))
        first_line(idle.run(sys.executable, "-I", "-S", "-c", IDLE))
        live: list[Step] = []
        plugins = [CgroupMetrics(), Hungry(most=0.1), Recorder(file=file)]
        with running(Host(), plugins, [make_task(busy.path), make_task(idle.path)]) as agent:
            for _ in range(8):
                live.append(agent.step())
                agent.host.statistics.iterations += 1
                time.sleep(0.1)
                if len(live) == 5:
                    busy.suspend()

    result = replayed(file, [Hungry(most=0.1)])

    assert open_recording(file).about.host == Host().name
    assert [step.now for step in result.steps] == [step.now for step in live]
    assert [[*map(told, step.anomalies)] for step in result.steps] == [[*map(told, step.anomalies)] for step in live]
    assert [[one.value for one in step.samples] for step in result.steps] == [
        [one.value for one in step.findings if one.name == "acme_load"] for step in live
    ]
    assert 0 < len(result.anomalies) < len(live)
