"""The C programs of the bench, compiled when they are first needed or have changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.errors import BenchError

FOLDER = Path(__file__).parent
OUT = FOLDER / "out"


def compiled(name: str) -> Path:
    """The program made of `name`.c. Raises `BenchError` without gcc or with its words."""
    source, program = FOLDER / f"{name}.c", OUT / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    if shutil.which("gcc") is None:
        raise BenchError("gcc is not installed (apt-get install gcc)")
    OUT.mkdir(exist_ok=True)
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchError(f"{' '.join(command)}\n{ended.stderr}")
    return program
