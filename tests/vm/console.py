"""The guest's serial console: what is shown of it, and the one line that says how the command ended.

`guest_init.sh` writes two lines of its own around the command's output, with a token new at each boot,
so nothing that a test prints can pass for them:

    @@ <token> started
    @@ <token> ended <exit status>.

Without the second the guest has said nothing about its command: there is no default.
"""

import os
import re
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.vm.host import say

SILENCE = 15.0
TAIL = 25


@dataclass(slots=True)
class Console:
    """The lines seen so far; those between the two of guest_init.sh go to `show` as they come."""

    token: str
    show: Callable[[str], None]
    lines: list[str] = field(default_factory=list)
    is_shown: bool = False
    rc: int | None = None

    def take(self, line: str) -> None:
        """One more line, without its end."""
        self.lines.append(line)
        verdict = re.search(rf"@@ {self.token} ended (\d+)\.", line)
        if verdict:
            self.rc = int(verdict[1])
        elif f"@@ {self.token} started" in line:
            self.is_shown = True
        elif self.is_shown and self.rc is None:
            self.show(line)

    @property
    def has_emulation_fault(self) -> bool:
        """The kernel met its own breakpoint after it had taken it away again: about one boot in sixty.

        Linux patches its code through an int3; under TCG with several threads another cpu can still
        run the old translation. Mostly at boot; a test that makes the kernel patch itself may meet it too.
        The same under QEMU 8: Richard W.M. Jones on linux-kernel, 5 July 2023, bugzilla.redhat.com 2216496.
        """
        return re.search(r"\] (Oops: )?int3: 0000", self.text) is not None

    @property
    def text(self) -> str:
        """Everything, from the first line of the kernel on."""
        return "\n".join(self.lines)

    @property
    def tail(self) -> str:
        """The last lines, for the error about a guest which gave no verdict."""
        return "\n".join(self.lines[-TAIL:]) or "(the console is empty)"


def lines_until(descriptor: int, deadline: float) -> Iterator[str]:
    """Lines from `descriptor` until it is closed; raises TimeoutError at `deadline` (monotonic seconds).

    Says a word each `SILENCE` seconds in which the guest says none.
    """
    started, pending = time.monotonic(), b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], min(left, SILENCE))[0]:
            say(f"the guest is at work, {time.monotonic() - started:.0f} s so far")
        elif chunk := os.read(descriptor, 65536):
            *lines, pending = (pending + chunk).split(b"\n")
            yield from map(decoded, lines)
        else:
            yield decoded(pending)
            return
    raise TimeoutError


def decoded(line: bytes) -> str:
    """The line as a terminal would leave it: what comes after a carriage return is written over the rest."""
    return line.decode(errors="replace").rstrip("\r").rpartition("\r")[2].rstrip()
