"""Memory of this process and its children, on the real kernel."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cgroups import wait_until
from wca_core.linux.own_memory import PAGE_SIZE, OwnMemory, parse_resident

BIG = "import sys; pile = b'x' * 60_000_000; print('ready', flush=True); sys.stdin.read()"
ALONE = """
from wca_core.linux.own_memory import OwnMemory
[told] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")]
print(OwnMemory().resident(), told)
"""
HAS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
needs_children = pytest.mark.skipif(not HAS_CHILDREN, reason="the kernel has no CONFIG_PROC_CHILDREN")


@pytest.fixture
def memory() -> Iterator[OwnMemory]:
    memory = OwnMemory()
    yield memory
    memory.close()


def start() -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", BIG], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    process.communicate()


def test_a_process_without_children_has_what_the_kernel_says_of_it() -> None:
    alone = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)

    resident, told = map(int, alone.stdout.split())
    assert resident == pytest.approx(told * 1024, rel=0.1)


@needs_children
def test_a_live_child_counts_and_one_that_ended_does_not(memory: OwnMemory) -> None:
    before = memory.resident()
    child = start()
    with_child = memory.resident()
    end(child)

    assert 60e6 < with_child - before < 200e6
    assert memory.resident() - before < 30e6


@needs_children
def test_children_of_other_threads_count_too_also_when_those_have_ended(memory: OwnMemory) -> None:
    before = memory.resident()
    with ThreadPoolExecutor(1) as other:
        child = other.submit(start).result()
        with_child = memory.resident()
    wait_until(lambda: memory.resident() - before > 60e6, "the child is counted no more")  # the kernel moves it, soon
    end(child)

    assert 60e6 < with_child - before < 200e6


def test_files_of_threads_that_ended_are_closed(memory: OwnMemory) -> None:
    memory.resident()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        memory.resident()
        done.set()
        thread.join()
    memory.resident()

    assert len(os.listdir("/proc/self/fd")) == before


def test_resident_pages_are_the_second_number() -> None:
    assert parse_resident(b"900 123 40 1 0 70 0\n") == 123
    assert PAGE_SIZE % 4096 == 0
    for text in (b"", b"1", b"1 x"):
        with pytest.raises(ValueError):
            parse_resident(text)
