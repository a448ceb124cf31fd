"""A task whose instructions are known, where the counters say what was executed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from wca_rdt.perf.metrics import Perf

from plugins.wca_rdt.tests.perf.given import counted_cgroups
from tests.vm.guest import in_counted_guest
from tests.vm.registers import count_true_instructions
from wca_core.host import Host
from wca_core.model.statistics import Statistics
from wca_core.testing import Measured, make_task, running

pytestmark = in_counted_guest

LOOP = ".globl _start\n_start: movq ${}, %rax\n1: decq %rax\njnz 1b\nmovl $60, %eax\nxorl %edi, %edi\nsyscall\n"
"""Two instructions a turn, without a library."""


def built(folder: Path, turns: int) -> Path:
    source, made, program = (folder / f"{turns}{end}" for end in (".s", ".o", ""))
    source.write_text(LOOP.replace("{}", str(turns)))
    subprocess.run(["as", str(source), "-o", str(made)], check=True)
    subprocess.run(["ld", str(made), "-o", str(program)], check=True)
    return program


def test_a_task_is_told_the_instructions_that_it_executed(tmp_path: Path) -> None:
    count_true_instructions()
    short, long = built(tmp_path, 1_000_000), built(tmp_path, 11_000_000)
    with counted_cgroups() as cgroups:
        task = cgroups.make("task")
        task.run(str(long)).wait()  # warm
        counts = []
        with running(Host(), [Perf(event_names=["task_instructions"])], [make_task(task.path)]) as agent:
            for program in (None, short, long):
                if program is not None:
                    task.run(str(program)).wait()
                counts.append(Measured(agent.step(), Statistics()).value("task_instructions"))

    before, with_short, with_both = counts
    assert before is not None
    assert (with_both - with_short) - (with_short - before) == pytest.approx(20_000_000, rel=0.01)  # type: ignore[operator]
