"""The end of the process: Python waits for every thread that is no daemon, also for one of a plugin that never ends."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress

log = logging.getLogger("wca.cli")

PATIENCE = 3.0
"""Seconds that threads of others have to end by themselves."""


def leave_threads_behind(ending: SystemExit) -> None:
    """Called last: whatever the agent had to store or put back is done. The exit code stays."""
    if not _still_running():
        return
    code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    threading.Thread(target=_leave, args=(code,), name="leaving", daemon=True).start()


def _still_running() -> list[str]:
    """Names of the threads that Python would wait for."""
    return [one.name for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]


def _leave(code: int) -> None:
    time.sleep(PATIENCE)
    log.warning("not waited for: threads of plugins that do not end: %s", ", ".join(_still_running()))
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
