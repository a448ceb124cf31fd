"""What is made of one thing, once however many ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Fresh:
    """Keeps what was made of the newest thing and forgets it with the next. Askers wait while it is being made."""

    def __init__(self) -> None:
        self._making = threading.RLock()
        self._origin: object = None
        self._made: dict[object, bytes] = {}

    def made(self, origin: object, key: object, make: Callable[[], bytes]) -> bytes:
        """What `make` gave for this very origin and key."""
        with self._making:
            if origin is not self._origin:
                self._origin, self._made = origin, {}
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]
