"""Groups of events as they are asked of the kernel: which events, on which CPU, for whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wca_rdt.perf.events import Event
from wca_rdt.perf.reading import size_of
from wca_rdt.perf.syscall import FD_CLOEXEC, NO_GROUP, NO_PID, PID_CGROUP, Step, perf_event_open, take


@dataclass(frozen=True, slots=True)
class Form:
    """Events that are counted together, or not at all, as some CPUs have them."""

    places: tuple[int, ...]
    """Of its events among all events."""
    attributes: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of one reading."""
        return size_of(len(self.places))

    def open(self, pid: int, cpu: int, flags: int = 0) -> list[int]:
        """Descriptors, the leader's first; it does not count yet. All or none. Raises `OSError`.

        Of a cgroup (`PID_CGROUP`) only the leader is told: its members are opened as of the CPU.
        """
        descriptors: list[int] = []
        try:
            for attributes in self.attributes:
                leader = descriptors[0] if descriptors else NO_GROUP
                if leader != NO_GROUP and flags & PID_CGROUP:
                    pid, flags = NO_PID, 0
                descriptors.append(perf_event_open(attributes, pid, cpu, leader, FD_CLOEXEC | flags))
        except OSError:
            close_all(descriptors)
            raise
        return descriptors


def form_of(events: Sequence[Event], places: Iterable[int], cpu: int, *, exclude_guest: bool) -> Form | None:
    """The group of those events that a CPU has; None if it has none of them."""
    codings = [(place, coding) for place in places if (coding := events[place].coding_on(cpu)) is not None]
    attributes = (
        bytes(coding.attributes(disabled=number == 0, exclude_guest=exclude_guest))
        for number, (_, coding) in enumerate(codings)
    )
    return Form(tuple(place for place, _ in codings), tuple(attributes)) if codings else None


@dataclass(frozen=True, slots=True)
class Group:
    """An open group of one cgroup on one CPU."""

    cpu: int
    form: Form
    descriptors: tuple[int, ...]

    @property
    def leader(self) -> int:
        return self.descriptors[0]

    def close(self) -> None:
        """Members first: a leader that is closed before them would leave each of them alone."""
        close_all(reversed(self.descriptors))


def open_group(form: Form, directory: int, cpu: int) -> Group:
    """Counting the cgroup of an open directory from 0 on. Raises `OSError`."""
    group = Group(cpu, form, tuple(form.open(directory, cpu, PID_CGROUP)))
    try:
        take(Step.RESET, group.leader)
        take(Step.ENABLE, group.leader)
    except OSError:
        group.close()
        raise
    return group


def open_directory(path: str) -> int:
    """Of a cgroup. Raises `OSError`."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)
