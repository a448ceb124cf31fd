"""A pseudo-terminal with a program on it, for tests of what people see and press."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Terminal:
    """A pseudo-terminal of 80 columns and 24 lines with a program on it."""

    def __init__(self, leader: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.written = b""
        """Since the last wait began."""
        self.everything = b""
        self._leader = leader

    def press(self, keys: bytes) -> None:
        os.write(self._leader, keys)

    def wait_for(self, is_so: Callable[[bytes], bool], patience: float = 60.0) -> None:
        """Until what was written since the last call is so."""
        self.written = b""
        deadline = time.monotonic() + patience
        while not is_so(self.written):
            assert time.monotonic() < deadline, self.written[-3000:]
            self._read()

    def end(self) -> int:
        """The exit code, once it has ended by itself."""
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
        return self.process.wait(1)

    def _read(self) -> None:
        waiting = select.poll()  # select cannot wait for a descriptor above 1023
        waiting.register(self._leader, select.POLLIN | select.POLLHUP)
        if waiting.poll(100):
            with suppress(OSError):  # nobody has the other side open any more
                read = os.read(self._leader, 65536)
                self.written += read
                self.everything += read


@contextmanager
def terminal(*command: str) -> Iterator[Terminal]:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [*command], stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)
    try:
        yield Terminal(leader, process)
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def has(*words: str) -> Callable[[bytes], bool]:
    return lambda written: all(word.encode() in written for word in words)
