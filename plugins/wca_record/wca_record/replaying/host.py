"""The machine as a plugin sees it in a replay: what was recorded of it, and nothing else.

Every path of it leads to a place below `/proc` that is not there and that nobody can make, so a plugin that looks at
the machine by its host finds nothing, and one that writes is refused by the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.cgroup import Hierarchies
from wca_core.model.platform import Platform

NOWHERE = "/proc/no-machine-in-a-replay"


@dataclass(slots=True)
class RecordedClock:
    """Tells when the step was recorded."""

    time: float = 0.0
    steady: float = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.steady


@dataclass(eq=False, kw_only=True)
class RecordedHost(Host):
    """The recorded machine: its name, its platform, the time of the step, its tasks."""

    root: str = NOWHERE
    clock: RecordedClock = field(default_factory=RecordedClock)
    recorded_platform: Platform | None = None
    """That of the step."""

    @property
    def platform(self) -> Platform:
        """Raises `HostError` if it was not recorded."""
        if self.recorded_platform is None:
            raise HostError("the recording does not tell what the machine is made of")
        return self.recorded_platform

    @cached_property
    def hierarchies(self) -> Hierarchies:
        """None: where cgroups were mounted is not recorded."""
        return Hierarchies({}, None, frozenset())
