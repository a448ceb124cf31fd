"""What is asked: which requests, of which keys, in which parts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from wca_wrapper.load.protocols import Dialogue


@dataclass(frozen=True, slots=True)
class Mix:
    """What is asked."""

    dialogue: Dialogue
    keys: int
    reads: float
    """Part of the requests that read."""
    value: bytes
    random: Random

    def request(self) -> bytes:
        key = self.random.randrange(self.keys)
        if self.random.random() < self.reads:
            return self.dialogue.read(key)
        return self.dialogue.write(key, self.value)
