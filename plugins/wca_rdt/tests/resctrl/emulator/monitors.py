"""What the counters of each cache say, by RMID: the part of the hardware that a test sets."""

from collections import defaultdict
from dataclasses import dataclass

from plugins.wca_rdt.tests.resctrl.emulator.hardware import UNIT


@dataclass(slots=True)
class Counters:
    """Of one RMID in one domain, in bytes; `word` is what reads say instead of a number, if anything."""

    occupancy: int = 0
    total: int = 0
    local: int = 0
    word: str | None = None

    def step_of(self, event: str) -> int:
        """The counter of `event` as the hardware holds it, in whole units."""
        size = {"llc_occupancy": self.occupancy, "mbm_total_bytes": self.total, "mbm_local_bytes": self.local}[event]
        return size // UNIT


class Monitors:
    """The counters, and where each began when its RMID was given to a group."""

    def __init__(self) -> None:
        self._counters: defaultdict[tuple[int, int], Counters] = defaultdict(Counters)
        self._begun: dict[tuple[int, int, str], int] = {}

    def at(self, domain: int, rmid: int) -> Counters:
        return self._counters[domain, rmid]

    def begin(self, domain: int, rmid: int, event: str) -> None:
        """Bandwidth is counted from now on."""
        if event != "llc_occupancy":
            self._begun[domain, rmid, event] = self.at(domain, rmid).step_of(event)

    def read(self, domain: int, rmid: int, event: str) -> int | str:
        """Bytes, or the word that stands in their place."""
        counters = self.at(domain, rmid)
        if counters.word is not None:
            return counters.word
        return (counters.step_of(event) - self._begun.get((domain, rmid, event), 0)) * UNIT
