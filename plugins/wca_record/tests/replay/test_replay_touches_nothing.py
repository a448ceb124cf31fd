"""A replay reads its file and writes to standard output: watched from within Python, and from without by strace."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wca_record.replaying.host import NOWHERE

from plugins.wca_record.tests.replay.given import BATCH, WEB, quota, recorded, written

STEP = {WEB.task_id: 0.5, BATCH.task_id: 0.5}
MAIN = "from wca_core.cli import main; main()"
WATCHED = f"""
import os, sys
def tell(event, arguments):
    writes = event == "open" and isinstance(arguments[0], str) and (
        arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or arguments[0].startswith(("/proc", "/sys")))
    if writes or event in ("os.mkdir", "os.remove", "os.rename", "os.listdir", "socket.connect", "subprocess.Popen"):
        os.write(2, f"TOUCHED {{event}} {{arguments[0]}}\\n".encode())
sys.dont_write_bytecode = True
sys.addaudithook(tell)
{MAIN}
"""
ALLOCATORS = {
    "static-allocator": ["--set", "static-allocator.rules=[{allocations: {cpu_quota: 0.5, cpuset_cpus: '0'}}]"],
    "numa": ["--set", "numa.cgroups_memory_binding=true"],
}
CALL = re.compile(r'(?:open|creat|mkdir|unlink|rename)\w*\((?:AT_FDCWD, )?"([^"]*)"(?:, ([A-Z_|]+))?')


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(written(tmp_path / "some.arrows", recorded([STEP] * 4, in_force=[quota(1.0)], memory=1e9)))


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_python_opens_nothing_for_writing_and_nothing_of_this_machine(file: str, allocator: str) -> None:
    command = [sys.executable, "-B", "-c", WATCHED, "replay", file, "--plugins", allocator, *ALLOCATORS[allocator]]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    touched = [line for line in ran.stderr.splitlines() if line.startswith("TOUCHED")]
    assert "4 steps" in ran.stderr
    assert [line for line in touched if NOWHERE not in line and not _is_of_python(line)] == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is needed (apt-get install strace)")
@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_the_kernel_is_asked_to_write_nothing_and_for_nothing_of_this_machine(
    tmp_path: Path, file: str, allocator: str
) -> None:
    arguments = [file, "--plugins", allocator, *ALLOCATORS[allocator]]
    reading = f"import pyarrow, wca_record, collections; collections.deque(wca_record.open_recording({file!r}).steps())"

    touched = _touched(tmp_path, "-c", MAIN, "replay", *arguments)
    by_the_library = _touched(tmp_path, "-c", reading)

    of_machine = [one for one in touched if one.startswith(("/proc/", "/sys/")) and not one.startswith(NOWHERE)]
    assert set(of_machine) <= {one for one in by_the_library if one.startswith(("/proc/", "/sys/"))}
    assert [one for one in touched if one.startswith("WRITES")] == []


def _touched(folder: Path, *arguments: str) -> list[str]:
    """Paths that were opened, and with `WRITES` in front those to be written or made."""
    trace = folder / "trace"
    calls = "openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2"
    command = ["strace", "-f", "-e", f"trace={calls}", "-o", str(trace), sys.executable, "-B", *arguments]
    subprocess.run(command, capture_output=True, timeout=100, check=True)
    found = []
    for path, flags in CALL.findall(trace.read_text()):
        is_writing = not flags or any(flag in flags for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
        found.append(f"WRITES {path}" if is_writing and path != "/dev/null" else path)
    return found


def _is_of_python(line: str) -> bool:
    """Looking for modules to import."""
    return line.startswith("TOUCHED os.listdir") and "/proc" not in line and "/sys" not in line
