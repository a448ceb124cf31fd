"""The memory that the processes of one task reference, and what it costs to know."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from wca_core.builtin.complaints import Complaints
from wca_core.host import Host
from wca_core.linux.files import is_gone
from wca_core.linux.referenced import forget_referenced, read_referenced
from wca_core.model.task import Task

_FORBIDDEN = (errno.EACCES, errno.EPERM)


class ReferencedMemory:
    """One task. All its processes are one: the state stays when its containers change."""

    __slots__ = ("_began", "_complaints", "_has_paused", "_highest_share", "_host", "errors", "overhead", "task")

    def __init__(self, host: Host, task: Task, highest_share: float, complaints: Complaints) -> None:
        self.task = task
        self.overhead = 0.0
        """Seconds spent so far."""
        self.errors = 0
        """Reads and writes that failed, of processes that had not ended."""
        self._host = host
        self._began = host.clock.monotonic()
        self._highest_share = highest_share
        self._has_paused = False
        self._complaints = complaints

    def measure(self) -> int | None:
        """Bytes referenced by all processes; None if this step is left out, or no process may be looked at.

        Raises `CgroupGone` if the task has no cgroup any more, `HostError`.
        """
        processes = self._host.processes.processes(self.task)
        if self._is_to_pause():
            return None
        with self._timed():
            found = [self._referenced(process) for process in processes]
        visible = [size for size in found if size is not None]
        return sum(visible) if visible or not found else None

    def forget(self) -> None:
        """Let the kernel forget what the processes referenced. Raises as `measure`."""
        processes = self._host.processes.processes(self.task)
        with self._timed():
            own = [self._forget(process) for process in processes]
        if own and not any(own):
            self._tell(
                logging.WARNING,
                "nowhere",
                "no process is in the task's cgroup by /proc/PID/cgroup, so nothing is forgotten "
                "(run the agent in the cgroup namespace of the host)",
            )

    def _is_to_pause(self) -> bool:
        """Every other step while too much time was spent."""
        elapsed = self._host.clock.monotonic() - self._began
        self._has_paused = not self._has_paused and self.overhead > self._highest_share * elapsed
        if self._has_paused:
            message = (
                f"measuring takes more than {self._highest_share:.0%} of the time, so every other step is left out"
            )
            self._tell(logging.WARNING, "expensive", message)
        return self._has_paused

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = self._host.clock.monotonic()
        try:
            yield
        finally:
            self.overhead += self._host.clock.monotonic() - started

    def _referenced(self, process: int) -> int | None:
        """0 for a process that has ended or cannot be read, None for one that may not be looked at."""
        try:
            return read_referenced(self._host.proc, process)
        except OSError as error:
            self.errors += not is_gone(error)
            if error.errno in _FORBIDDEN:
                message = f"{self._host.proc}/{process}/smaps: forbidden (run as root or with CAP_SYS_PTRACE)"
                self._complaints.tell(logging.ERROR, "forbidden", "smaps", message)
                return None
            if not is_gone(error):
                self._tell(logging.WARNING, "unreadable", f"smaps of process {process} cannot be read: {error}")
        except ValueError as error:
            self.errors += 1
            self._tell(logging.WARNING, "malformed", f"smaps of process {process} cannot be read: {error}")
        return 0

    def _forget(self, process: int) -> bool:
        """Whether the process is the task's, or has ended."""
        try:
            return forget_referenced(self._host.proc, process, self._is_own)
        except OSError as error:
            if not is_gone(error):
                self.errors += 1
                self._tell(logging.WARNING, "unwritable", f"clear_refs of process {process} cannot be written: {error}")
            return True

    def _is_own(self, cgroups: Mapping[str, str]) -> bool:
        """An id may belong to a process of somebody else by now."""
        own = (self.task.cgroup_path, *self.task.cgroup_paths, *self.task.controller_paths.values())
        return any(f"{path}/".startswith(f"{top.rstrip('/')}/") for top in own for path in cgroups.values())

    def _tell(self, level: int, kind: str, message: str) -> None:
        self._complaints.tell(level, kind, self.task.task_id, f"task {self.task.task_id}: {message}")
