"""What uncore counters ask of the kernel. One object, so that a test can answer in its place."""

from __future__ import annotations

import os

from wca_rdt.perf.attributes import Attributes
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.syscall import FD_CLOEXEC, NO_GROUP, NO_PID, Step, perf_event_open, take


class Kernel:
    """The one that runs. All methods raise `OSError`."""

    def open(self, encoding: Encoding, cpu: int, leader: int | None) -> int:
        """A descriptor of a counter of a whole CPU. Without a leader it is one, and does not count yet.

        Nothing is excluded, not even guests: uncore PMUs refuse that with EINVAL.
        """
        attributes = Attributes(
            encoding.type, encoding.config, encoding.config1, encoding.config2, disabled=leader is None
        )
        group = NO_GROUP if leader is None else leader
        return perf_event_open(bytes(attributes), NO_PID, cpu, group, FD_CLOEXEC)

    def begin(self, leader: int) -> None:
        """Let a group count, from 0."""
        take(Step.RESET, leader)
        take(Step.ENABLE, leader)

    def read(self, leader: int, size: int) -> bytes:
        return os.read(leader, size)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
