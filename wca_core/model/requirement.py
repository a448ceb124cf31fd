"""What a plugin needs from the machine it runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wca_core.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One need: told in words, checked against a host."""

    need: str
    is_met: Callable[[Host], bool]
    """May raise: the need then counts as not met."""
    cure: str | Callable[[Host], str]
    """What to do where it is not met, best as a command or a setting that can be copied."""
    required: bool = True
    """False: without it the plugin works, but gives less."""
    lost: str = ""
    """What is missing where it is not met: `task_io_*`."""
    found: Callable[[Host], str] | None = None
    """What there is instead, asked only where it is not met: `kernel.perf_event_paranoid is 4`."""
    only_with: str = ""
    """The option that would need it and is off: only `wca doctor` looks, and nobody is the worse for a lack."""

    def cure_on(self, host: Host) -> str:
        """What to do on this host. Raises whatever the plugin's function raises."""
        return self.cure if isinstance(self.cure, str) else self.cure(host)
