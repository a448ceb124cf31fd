"""How many files counters may hold open: what the limit of the process leaves beside everything else.

Files of cgroups are promised theirs (`max_open_files`), so that no counter ever costs the agent a reading that
it had without counters.
"""

from __future__ import annotations

import resource

from wca_core.errors import WcaError
from wca_core.linux.files import OpenFiles
from wca_core.linux.limits import UNLIMITED

RESERVE = 256
"""For logs, connections, and files that are opened for one read."""


class NoDescriptors(WcaError):  # noqa: N818  what there is not
    """The limit of open files leaves no room; nothing was opened."""


class Descriptors:
    """The count of those held, shared by all cgroups."""

    def __init__(self, open_files: OpenFiles) -> None:
        self.held = 0
        self.releases = 0
        """How often some were given back: who found no room may look again when it has grown."""
        self.changes = 0
        """How often some were taken or given back: whoever reads them has to look again when it has grown."""
        self._open_files = open_files

    def take(self, number: int) -> None:
        """Before so many are opened. Raises `NoDescriptors`."""
        limit = open_files_limit()
        promised = max(self._open_files.maximum, self._open_files.count)
        if self.held + number + promised + RESERVE > limit:
            raise NoDescriptors(
                f"needs {number} file descriptors, limit {limit}: counters hold {self.held}, {promised} are kept for "
                f"files of cgroups (max_open_files) and {RESERVE} for the rest (raise LimitNOFILE, or set perf_cpus)"
            )
        self.held += number
        self.changes += 1

    def give_back(self, number: int) -> None:
        """After so many were closed."""
        self.held -= number
        self.releases += 1
        self.changes += 1

    def retract(self, held: int, releases: int) -> None:
        """After an attempt that gave all back: what it had taken itself is no room that others wait for."""
        if self.held >= held:
            self.releases = releases


def open_files_limit() -> int:
    """The soft one, which is what the kernel goes by."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft
