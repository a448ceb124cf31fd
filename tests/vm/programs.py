"""The programs behind a virtual machine: one of each at a time, and none that outlives its use."""

import fcntl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.vm.host import VirtualMachineError, find_program, say

LOCK = Path("/run/wca-vm.lock")
SOCKET_WAIT = 10.0


@contextmanager
def running(command: Sequence[str]) -> "Iterator[subprocess.Popen[bytes]]":
    """The command, running; killed at the end of the block, or by the kernel should we be killed first."""
    tied = [find_program("setpriv"), "--pdeathsig", "KILL", *command]
    with subprocess.Popen(tied, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def shared_root(folder: Path) -> Iterator[Path]:
    """virtiofsd serving / at a socket in `folder`."""
    socket = folder / "root.socket"
    command = [find_program("virtiofsd"), "-f", f"--socket-path={socket}", "--thread-pool-size=0"]
    with running([*command, "-o", "source=/,cache=always,sandbox=chroot"]) as virtiofsd:
        wait_for_socket(socket, virtiofsd)
        yield socket


def wait_for_socket(socket: Path, virtiofsd: "subprocess.Popen[bytes]") -> None:
    """Raises VirtualMachineError with virtiofsd's own words when the socket does not come."""
    give_up = time.monotonic() + SOCKET_WAIT
    while not socket.exists():
        if virtiofsd.poll() is not None or time.monotonic() > give_up:
            virtiofsd.kill()
            said = virtiofsd.communicate()[0].decode(errors="replace").strip()
            raise VirtualMachineError(f"virtiofsd did not offer / (is this user root?); it said:\n{said}")
        time.sleep(0.02)


@contextmanager
def only_machine() -> Iterator[None]:
    """Waits for the other virtual machine on this machine: two share the time of the cpus, and both crawl."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another virtual machine to end (it holds {LOCK})")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
