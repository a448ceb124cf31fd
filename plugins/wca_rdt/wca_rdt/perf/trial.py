"""The kernel of this machine, asked with the agent's own thread: nothing of any task is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wca_rdt.perf.attributes import SOFTWARE, Attributes
from wca_rdt.perf.opening import Form, close_all, open_directory
from wca_rdt.perf.self_test import Observation, observe
from wca_rdt.perf.syscall import ANY_CPU, FD_CLOEXEC, NO_GROUP, NO_PID, OWN_PID, PID_CGROUP, perf_event_open


class OwnThread:
    """See `admission.Kernel`."""

    def __init__(self, *, is_hybrid: bool = False) -> None:
        self._is_hybrid = is_hybrid

    def open(self, form: Form) -> None:
        close_all(reversed(form.open(OWN_PID, ANY_CPU)))

    def observe(self, form: Form, cpu: int) -> Observation:
        """On a hybrid machine the thread is put on that CPU, since elsewhere its PMU counts nothing."""
        with _on([cpu] if self._is_hybrid else ()):
            return observe(form)


def try_whole_cpu(cpu: int) -> None:
    """Open what only the privileged may: a counter of all that runs on a CPU. Raises `OSError`."""
    clock = Attributes(SOFTWARE, 0, disabled=True)
    close_all([perf_event_open(bytes(clock), NO_PID, cpu, NO_GROUP, FD_CLOEXEC)])


def try_cgroup(directory: str, cpu: int) -> None:
    """The same for what belongs to a cgroup. Raises `OSError`."""
    clock = Attributes(SOFTWARE, 0, disabled=True)
    cgroup = open_directory(directory)
    try:
        close_all([perf_event_open(bytes(clock), cgroup, cpu, NO_GROUP, FD_CLOEXEC | PID_CGROUP)])
    finally:
        close_all([cgroup])


@contextmanager
def _on(cpus: Sequence[int]) -> Iterator[None]:
    """With the calling thread on these CPUs only; empty: where it is."""
    before = os.sched_getaffinity(0)
    if cpus:
        os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        if cpus:
            os.sched_setaffinity(0, before)
