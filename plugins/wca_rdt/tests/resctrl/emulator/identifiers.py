"""CLOSIDs and RMIDs: how few there are, who gets which, and how long a given back RMID is in limbo.

An RMID whose cache lines are still around would be charged to its next owner. The kernel looks once
a second, and frees those whose occupancy is below `max_threshold_occupancy` in every cache.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

LIMBO_CHECK = 1.0


class Closids:
    """The lowest free one is given; 0 is the root's."""

    def __init__(self, count: int) -> None:
        self._free = set(range(1, count))

    def take(self) -> int:
        """Raises OSError ENOSPC when there is none."""
        if not self._free:
            raise OSError(errno.ENOSPC, "no CLOSID")
        closid = min(self._free)
        self._free.remove(closid)
        return closid

    def give_back(self, closid: int) -> None:
        self._free.add(closid)


@dataclass(slots=True)
class Rmids:
    """`is_clean` says whether an RMID's cache lines are gone; `clock` in seconds.

    With `per_closid` (Arm) CLOSID c has the RMIDs from c * per_closid on.
    """

    count: int
    is_clean: Callable[[int], bool]
    clock: Callable[[], float]
    per_closid: int | None = None
    _free: list[int] = field(init=False)
    _limbo: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free = list(range(1, self.count))

    def take(self, closid: int) -> int:
        """The one free for longest; raises OSError EBUSY when some are in limbo, ENOSPC when none is."""
        self._look_into_limbo()
        for rmid in self._free:
            if self.per_closid is None or rmid // self.per_closid == closid:
                self._free.remove(rmid)
                return rmid
        is_waiting = bool(self._limbo) and not self._free
        raise OSError(errno.EBUSY if is_waiting else errno.ENOSPC, "no RMID")

    def give_back(self, rmid: int) -> None:
        self._limbo[rmid] = self.clock()

    def _look_into_limbo(self) -> None:
        now = self.clock()
        clean = [rmid for rmid, since in self._limbo.items() if now - since >= LIMBO_CHECK and self.is_clean(rmid)]
        for rmid in clean:
            del self._limbo[rmid]
            self._free.append(rmid)
