"""Where time is instructions, what a program executes is known."""

import subprocess
from pathlib import Path

import pytest

from tests.vm.guest import in_counted_guest
from tests.vm.registers import count_true_instructions

pytestmark = in_counted_guest

LOOP = r"""
.globl _start
_start:
    movq $TURNS, %rax
1:  decq %rax
    jnz 1b
    movl $60, %eax
    xorl %edi, %edi
    syscall
"""


def built(folder: Path, turns: int) -> Path:
    """A program of two instructions a turn and four more, without a library."""
    source, program = folder / f"{turns}.s", folder / str(turns)
    source.write_text(LOOP.replace("TURNS", str(turns)))
    subprocess.run(["as", str(source), "-o", str(source.with_suffix(".o"))], check=True)
    subprocess.run(["ld", str(source.with_suffix(".o")), "-o", str(program)], check=True)
    return program


def instructions_of(program: Path) -> int:
    """As `perf stat` counts them, of the program and what the kernel does for it."""
    command = ["perf", "stat", "-x,", "-e", "instructions", "--", str(program)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return int(said.split(",")[0])


def test_a_known_loop_counts_what_it_executes(tmp_path: Path) -> None:
    count_true_instructions()
    short, long = built(tmp_path, 1_000_000), built(tmp_path, 11_000_000)
    instructions_of(long)

    counted = instructions_of(long) - instructions_of(short)

    assert counted == pytest.approx(20_000_000, rel=0.01)
