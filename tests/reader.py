"""Somebody who follows a document from top to bottom and looks whether it prints what happens."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.documents import Block, Command, DocumentError

PATIENCE = 60.0
"""Seconds for a command, and for a line that is to be printed."""
TRIES = 6
"""Ctrl-C within that time."""
TIDYING = 20.0
"""Seconds for one that is ended because another failed: a script has cgroups and servers to remove."""

NOBODY = 65534
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)
"""An ordinary user, who may yet read a checkout that is root's."""

SUDO_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where `sudo` looks for commands, whatever the user's own `PATH`."""


@dataclass(slots=True)
class Reader:
    """Somebody with a terminal in a checkout: an ordinary user, also where the tests run as root."""

    checkout: Path
    state: Path
    """A folder for what one command leaves for the next."""
    path: str
    """`PATH`."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment, beside those that every reader has: where an index of packages is, for one."""
    patience: float = PATIENCE
    _ends: ExitStack = field(default_factory=ExitStack)
    """What is still to be ended."""
    _running: list[_Started] = field(default_factory=list)
    """What was left running, the last behind."""

    def __enter__(self) -> Reader:
        self.state.mkdir()
        sudo = self.state / "bin" / "sudo"
        sudo.parent.mkdir()
        sudo.write_text(f'#!/bin/sh\nPATH={SUDO_PATH} exec "$@"\n')
        sudo.chmod(0o755)
        if os.geteuid() == 0:
            for folder in (self.state, self.checkout, *self.checkout.rglob("*")):
                os.chown(folder, NOBODY, NOBODY, follow_symlinks=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def follow(self, block: Block) -> None:
        """Do what a block says. Raises `DocumentError`."""
        if (name := block.said("file")) is not None:
            file = self.checkout / name
            file.write_text(block.text)
            file.chmod(0o644)
            if os.geteuid() == 0:
                os.chown(file, NOBODY, NOBODY)
        elif block.language == "console":
            for command in block.commands:
                if command.text:
                    self._do(command, block)
                elif self._running:
                    self._running.pop().interrupt()
                else:
                    raise DocumentError(f"{block.place}: ^C, but nothing was left running")

    def _do(self, command: Command, block: Block) -> None:
        is_left_running = block.said("background") is not None
        output = self.state / (f"output of {block.place}" if is_left_running else "output")
        process = self._started(command.text, output, as_root="root" in block.needs)
        started = _Started(command, block, process, output, self.patience)
        self._ends.callback(started.kill)
        if is_left_running or command.is_interrupted:
            started.wait_until_printed()
        if is_left_running:
            self._running.append(started)
        elif command.is_interrupted:
            started.interrupt()
        else:
            started.finish()

    def _started(self, text: str, output: Path, *, as_root: bool) -> subprocess.Popen[bytes]:
        """In the state that the commands before left; what root leaves is not kept."""
        cwd, variables = self.state / "cwd", self.state / "variables"
        before = f"cd {shlex.quote(cwd.read_text())}; . {shlex.quote(str(variables))}" if cwd.exists() else ":"
        after = f'export -p >{shlex.quote(str(variables))}; printf %s "$PWD" >{shlex.quote(str(cwd))}'
        around = f"PATH={shlex.quote(f'{self.state}/bin')}:$PATH" if as_root else f"trap {shlex.quote(after)} EXIT"
        script = f"{before}\n{around}\n{text}\n"
        user = AS_NOBODY if os.geteuid() == 0 and not as_root else ()
        with output.open("wb") as file:
            return subprocess.Popen(
                [*user, "bash", "-c", script],
                cwd=self.checkout,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> Mapping[str, str]:
        own = {"HOME": str(self.state), "PATH": self.path, "XDG_RUNTIME_DIR": str(self.state)}
        return {**own, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **self.variables}


@dataclass(frozen=True, slots=True)
class _Started:
    """A command at work."""

    command: Command
    block: Block
    process: subprocess.Popen[bytes]
    output: Path
    patience: float

    def wait_until_printed(self) -> None:
        deadline = time.monotonic() + self.patience
        while not self.command.is_printed_by(self._printed()):
            status = self.process.poll()
            if status is not None or time.monotonic() > deadline:
                raise self._wrong(status)
            time.sleep(0.05)

    def finish(self) -> None:
        """Let it end by itself, and look at everything it printed."""
        try:
            status = self.process.wait(self.patience)
        except subprocess.TimeoutExpired as error:
            raise self._wrong(None) from error
        if status != int(self.block.said("status") or 0) or not self.command.fits(self._printed()):
            raise self._wrong(status)

    def interrupt(self) -> None:
        """Ctrl-C, and again as somebody would who sees nothing happen: a shell that just starts a program misses it."""
        status: int | None = None
        for _ in range(TRIES):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                status = self.process.wait(PATIENCE / TRIES)
                break
        if status not in (0, 128 + signal.SIGINT, -signal.SIGINT):
            raise self._wrong(status)

    def kill(self) -> None:
        """And what it left running in its session; given time to clean up behind it, if it still runs."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self.process.pid, signal.SIGTERM)
                self.process.wait(TIDYING)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _printed(self) -> str:
        return self.output.read_text(errors="replace")

    def _wrong(self, status: int | None) -> DocumentError:
        ended = "did not end, or not print that, in time" if status is None else f"ended with status {status}"
        wanted = "\n".join(self.command.printed)
        return DocumentError(
            f"{self.block.place}: $ {self.command.text}\n{ended}\n-- printed in the document:\n{wanted}\n"
            f"-- printed by the command:\n{self._printed()[-4000:]}"
        )
