"""The application: started in a process group of its own, so that a signal reaches all of it."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from wca_core.errors import ConfigurationError, StartError

log = logging.getLogger("wca.wrapper")

SHELL = "/bin/sh"
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes, as shells have them."""


class CannotRunError(StartError):
    """The command cannot be started; with the exit code that says why."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def words_of(command: str, *, by_shell: bool = False) -> list[str]:
    """What to execute for a command line. Raises `ConfigurationError`.

    | `by_shell` | command | executed |
    |---|---|---|
    | no | `a "b c"` | `a`, `b c` |
    | yes | `a "b c" | d` | `/bin/sh -c` and the whole text |
    | yes | `-c "a | d"` | the same, as it had to be written for the original |
    """
    if by_shell and not command.startswith("-c "):
        return [SHELL, "-c", command]
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigurationError(f"command {command!r}: {error}") from error
    if not words:
        raise ConfigurationError("command: a command line expected, found nothing")
    return [SHELL, *words] if by_shell else words


class Application:
    """A running command. Raises `CannotRunError`."""

    def __init__(self, words: Sequence[str]) -> None:
        """A terminal is not handed on: whoever reads it from a group in the background is stopped by the kernel."""
        has_terminal = sys.stdin is not None and not sys.stdin.closed and os.isatty(0)
        output, errors = os.pipe(), os.pipe()
        self.pipes = output[0], errors[0]
        """Its standard output and standard error: file descriptors that whoever reads them closes."""
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if has_terminal else None,
                stdout=output[1],
                stderr=errors[1],
                process_group=0,
            )
        except OSError as error:
            for pipe in self.pipes:
                os.close(pipe)
            code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
            raise CannotRunError(f"cannot start {words[0]!r}: {error.strerror}", code) from error
        finally:
            os.close(output[1])
            os.close(errors[1])

    def wait(self) -> int:
        """Its exit code; 128 + n if signal n ended it."""
        return exit_code(self._process.wait())

    def send(self, number: int) -> None:
        """A signal to the whole group, as long as there is anybody in it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
            log.info("signal %s sent to the process group %d", signal.Signals(number).name, self._process.pid)


def exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
