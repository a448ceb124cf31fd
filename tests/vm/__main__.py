"""`python -m tests.vm [--nodes N] [--counted] [PYTEST ARGUMENT ...]`: tests marked `vm`, or `counted`, in one boot."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from tests.vm.host import VirtualMachineError, say
from tests.vm.machine import CHECKOUT, VirtualMachine

COULD_NOT_RUN = 69  # EX_UNAVAILABLE of sysexits.h; pytest's own are 0 to 5
INSIDE = "tests/vm/inside"
# The root is read-only, so nothing is kept beside the tests; and the project's own addopts leave
# the tests for the guest out.
PYTEST = ("-m", "pytest", "-o", "addopts=", "-ra", "--strict-markers", "--import-mode=importlib")
WRITABLE = ("-p", "no:cacheprovider", "--basetemp=/run/pytest")
# Its plugin imports all of hypothesis, wanted or not: 8 seconds in the guest. @given works without it.
QUICK = ("-p", "no:hypothesispytest")


def main(arguments: Sequence[str]) -> int:
    """Pytest's exit status in the guest, or COULD_NOT_RUN with a word on standard error."""
    options, pytest_arguments = parser().parse_known_args(arguments)
    signal.signal(signal.SIGTERM, end)
    started = time.monotonic()
    try:
        result = machine_for(options).run(pytest_command(pytest_arguments, "counted" if options.counted else "vm"))
    except VirtualMachineError as error:
        say(str(error))
        return COULD_NOT_RUN
    say(f"pytest ended {result.rc} in the guest, {time.monotonic() - started:.0f} s in all")
    return result.rc


def parser() -> argparse.ArgumentParser:
    """Our two options; all others are pytest's, hence no abbreviations."""
    words = argparse.ArgumentParser(
        prog="python -m tests.vm",
        allow_abbrev=False,
        description="Runs the tests marked vm inside a virtual machine with NUMA nodes and cgroup v2.",
        epilog="All other arguments go to pytest: more test paths, -k, -v, -x, ...",
    )
    words.add_argument("--nodes", type=int, default=2, help="NUMA nodes of two cpus each (2)")
    words.add_argument("--counted", action="store_true", help="one cpu, whose time is the instructions executed")
    return words


def machine_for(options: argparse.Namespace) -> VirtualMachine:
    """One cpu where instructions are counted: with more, QEMU's count is that of all of them."""
    if options.counted:
        return VirtualMachine(nodes=1, cpus_per_node=1, memory_per_node_mb=768, is_counted=True)
    return VirtualMachine(nodes=options.nodes)


def pytest_command(arguments: Sequence[str], mark: str) -> list[str]:
    """Our Python's pytest; the proof that the guest is what it should be always runs first."""
    color = "--color=yes" if sys.stdout.isatty() else "--color=no"
    chosen = [f"--rootdir={CHECKOUT}", color, "-m", mark, INSIDE, *arguments]
    return [sys.executable, *PYTEST, *WRITABLE, *QUICK, *chosen]


def end(signal_number: int, _: FrameType | None) -> None:
    """SIGTERM as an exception, so that the guest is ended and the temporary folder removed."""
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
