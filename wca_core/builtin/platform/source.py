"""What all sources of platform metrics have in common.

A source says which files are to be read in every step and what their texts mean. Opening them, reading
them and what to do when that fails is the same for all, and is here.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from typing import Protocol

from wca_core.builtin.complaints import Complaints
from wca_core.host import Host
from wca_core.linux.files import FileSet
from wca_core.model.metric import Block, Metric, Series
from wca_core.model.platform import Platform

log = logging.getLogger("wca.platform")


class Source(Protocol):
    """What one kind of kernel file tells about the machine."""

    @property
    def metrics(self) -> Sequence[Metric]:
        """Everything it may give."""

    def paths(self, host: Host, platform: Platform) -> Sequence[str]:
        """The files to be read in every step, all of which exist.

        Asked at first and again with every new platform; what does not change in between is looked up here.
        Raises `OSError`, `HostError`.
        """

    def blocks(self, texts: Sequence[bytes]) -> Iterable[Block]:
        """What the texts of these files tell. Raises `ValueError`, `HostError` if they are not as documented."""


class Reading:
    """One source with its open files. What fails costs only this source, is told once, and is tried again.

    | what fails | tried again |
    |---|---|
    | a permission | when CPUs or NUMA nodes have changed |
    | anything else | in the next step |
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._platform: Platform | None = None
        self._files: FileSet | None = None
        self._complaints = Complaints(log)

    def blocks(self, host: Host, platform: Platform) -> list[Block]:
        """What it gives in this step. Never raises."""
        try:
            if platform is not self._platform:
                self.close()
                self._files = FileSet(host.open_files, self._source.paths(host, platform))
                self._platform = platform
            return [] if self._files is None else [*self._source.blocks(self._files.texts())]
        except Exception as error:  # noqa: BLE001  one source must not take the others with it
            self.close()
            self._platform = platform if isinstance(error, PermissionError) else None
            self._tell(error)
        return []

    def close(self) -> None:
        """Let go of the files. May be called twice."""
        if self._files is not None:
            self._files.close()
        self._files = None
        self._platform = None

    def _tell(self, error: Exception) -> None:
        metrics = self._source.metrics
        names = f"{metrics[0].name}{' and others' if len(metrics) > 1 else ''}"
        kind, reason, level = type(error).__name__, str(error), logging.WARNING
        if isinstance(error, OSError):
            reason = f"{error.filename or 'a file'}: {error.strerror}"
            if error.errno == errno.ENODEV:  # of a CPU or node that has gone since the step began
                level = logging.DEBUG
        advice = " (run as root)" if isinstance(error, PermissionError) else ""
        self._complaints.tell(level, kind, names, f"{names} left out: {kind}: {reason}{advice}")


@lru_cache(maxsize=256)
def series_of(metric: Metric, *levels: tuple[object, ...]) -> tuple[Series, ...]:
    """A series for each combination of values of the levels; the same tuple for the same values.

    >>> series_of(CPU_SECONDS, (0, 1), ("user", "system"))  # cpu 0 user, cpu 0 system, cpu 1 user, ...
    """
    return tuple([metric.series_at(None, tuple(map(str, values))) for values in product(*levels)])
