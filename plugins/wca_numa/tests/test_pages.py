"""migrate_pages(2) itself: sets of nodes as the kernel reads them, and its answers on this machine."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_numa.pages import BITS, is_known_machine, mask, migrate_pages
from wca_numa.process_memory import read_memory

from wca_core.host import Host
from wca_core.linux.numa import read_nodes, read_nodes_with_memory

NODES = sorted(read_nodes_with_memory("/sys", read_nodes("/sys")))
FIRST, HIGHEST = (NODES[0], max(read_nodes("/sys"))) if NODES else (0, 0)

needs_numa = pytest.mark.skipif(not (NODES and is_known_machine()), reason="no NUMA, or an unknown machine")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user's process is asked about")


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


@given(st.integers(0, 1023), st.data())
def test_a_mask_has_the_bits_of_its_nodes_and_room_for_the_highest(highest: int, data: st.DataObject) -> None:
    nodes = data.draw(st.sets(st.integers(0, highest)))

    words = list(mask(nodes, highest))

    bits = {BITS * at + bit for at, word in enumerate(words) for bit in range(BITS) if word >> bit & 1}
    assert bits == nodes
    assert len(words) == -(-(highest + 1) // BITS)  # what the kernel reads of maxnode - 1 bits
    assert ctypes.sizeof(mask(nodes, highest)) * 8 >= highest + 1


@pytest.mark.parametrize("nodes", [{-1}, {2}, {0, 5}])
def test_a_node_that_is_no_bit_of_the_mask_is_an_error(nodes: set[int]) -> None:
    with pytest.raises(ValueError, match="nodes from 0 to 1 expected"):
        mask(nodes, 1)


@needs_numa
def test_pages_that_are_there_already_move_without_an_error(sleeping: subprocess.Popen[bytes]) -> None:
    assert migrate_pages(sleeping.pid, {FIRST}, FIRST, HIGHEST) == 0
    assert migrate_pages(0, set(), FIRST, HIGHEST) == 0


@needs_numa
def test_a_node_without_memory_is_an_invalid_target(sleeping: subprocess.Popen[bytes]) -> None:
    with pytest.raises(OSError) as refused:
        migrate_pages(sleeping.pid, {FIRST}, HIGHEST + 1, HIGHEST + 1)

    # kernel_migrate_pages: beyond the nodes of the process only CAP_SYS_NICE may go, which is asked first
    assert refused.value.errno == (errno.EINVAL if os.geteuid() == 0 else errno.EPERM)


@needs_numa
def test_a_process_that_was_waited_for_is_no_process() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()

    with pytest.raises(ProcessLookupError):
        migrate_pages(process.pid, {FIRST}, FIRST, HIGHEST)


@needs_numa
def test_a_process_that_ended_and_was_not_waited_for_has_no_memory() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: read_memory(Host().proc, process.pid) is None)

        with pytest.raises(OSError, match="Invalid argument"):
            migrate_pages(process.pid, {FIRST}, FIRST, HIGHEST)


@needs_numa
@needs_root
def test_another_users_process_is_refused_to_who_is_not_root(sleeping: subprocess.Popen[bytes]) -> None:
    nobody = 65534
    child = os.fork()
    if child == 0:
        os.setresuid(nobody, nobody, nobody)
        try:
            migrate_pages(sleeping.pid, {FIRST}, FIRST, HIGHEST)
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == errno.EPERM


def wait_until(is_so: Callable[[], bool], limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("header", "machine"),
    [("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "x86_64"), ("/usr/include/asm-generic/unistd.h", "aarch64")],
)
def test_the_number_of_the_call_is_that_of_the_kernels_headers(header: str, machine: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"{header} is not here (linux-libc-dev)")
    from wca_numa.pages import _NUMBERS

    words = Path(header).read_text().split()

    assert int(words[words.index("__NR_migrate_pages") + 1]) == _NUMBERS[machine]
