"""What is known about a machine as such, whatever plugins run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing."""

    topic: str
    """A word that stays the same from version to version."""
    text: str
    """For people."""
    is_good: bool | None = None
    """None: neither good nor bad."""
    advice: str = ""
    """What to do if it is not good; a command or setting where there is one."""
    gain: str = ""
    """What that gives."""
    values: Mapping[str, object] = field(default_factory=dict)
    """For programs: what JSON can hold."""

    def as_dict(self) -> dict[str, object]:
        state = {None: "neutral", True: "good", False: "bad"}[self.is_good]
        return {
            "topic": self.topic,
            "state": state,
            "text": self.text,
            "advice": self.advice or None,
            "gain": self.gain or None,
            "values": dict(self.values),
        }
