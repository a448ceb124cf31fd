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
    cure: str
    """What to do where it is not met."""
    required: bool = True
    """False: without it the plugin works, but gives less."""
