"""Hands updates to the outputs, each in a thread of its own, and again if it could not be delivered.

| an output | |
|---|---|
| fails to deliver | is tried again after 1, 2, 4 and 8 s; then the wrapper ends or drops the update, as configured |
| is slow | has at most 100 updates waiting; older ones are dropped and counted |
| shows the last values | looks them up itself, so that of updates that wait one is enough |
| raises anything else | loses this update, which is counted and told |
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from wca_core import FailedDeliveryException, Sample
from wca_wrapper.tally import Tally

log = logging.getLogger("wca.wrapper")

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt."""
MOST_PENDING = 100
REFRESHING = 1.0
"""Seconds from look to look whether a value has become too old."""


Update: TypeAlias = Sequence[Sample]
"""What one line, block or document told, with what that means for the service level; empty at the end of a run."""


class Output(Protocol):
    """Where updates go; called in one thread."""

    name: str
    shows_state: bool
    """Whether it shows the last values, instead of every update."""
    forgets: bool
    """Whether `refresh` is to be called from time to time."""

    def store(self, update: Update) -> None:
        """Raises `FailedDeliveryException` or `OSError` if it is to be tried again."""

    def refresh(self) -> None:
        """Show again what is not too old."""

    def stop(self) -> None:
        """Send what waits and close."""


class Delivery:
    """One output and its thread."""

    def __init__(
        self, output: Output, tally: Tally, gave_up: Callable[[], None] | None, pauses: Sequence[float] = PAUSES
    ) -> None:
        """`gave_up`: called once no further attempt is made; None: failures cost their update only."""
        self._output = output
        self._tally = tally
        self._gave_up = gave_up
        self._pauses = pauses
        self._pending: deque[Update] = deque()
        self._changed = threading.Condition()
        self._is_finishing = False
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"store-{output.name}", daemon=True)
        self._thread.start()

    def put(self, update: Update) -> None:
        """Never waits."""
        with self._changed:
            if self._output.shows_state:
                self._pending.clear()
            self._pending.append(update)
            if len(self._pending) > MOST_PENDING:
                self._pending.popleft()
                self._tally.drop_updates(1)
            self._changed.notify()

    def hurry(self) -> None:
        """Make no further attempt: who waits for the end of the wrapper has waited long enough."""
        self._hurry.set()

    def finish(self) -> None:
        """Take no more; what waits is still tried."""
        with self._changed:
            self._is_finishing = True
            self._changed.notify()

    def join(self, seconds: float) -> bool:
        """Whether everything is done, after at most these seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (update := self._next()) is not None:
            self._deliver(update)
        try:
            self._output.stop()
        except Exception:
            log.exception("output %s does not stop", self._output.name)

    def _next(self) -> Update | None:
        patience = REFRESHING if self._output.forgets else None
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._pending or self._is_finishing, patience):
                    return self._pending.popleft() if self._pending else None
            self._refresh()

    def _refresh(self) -> None:
        try:
            self._output.refresh()
        except Exception as error:  # noqa: BLE001  the next update tells
            log.debug("output %s: %s", self._output.name, error)

    def _deliver(self, update: Update) -> None:
        for pause in (*self._pauses, None):
            try:
                self._output.store(update)
                return
            except (FailedDeliveryException, OSError) as error:
                log.warning("output %s: %s", self._output.name, error)
                if pause is None or self._hurry.wait(pause):
                    break
            except Exception:
                log.exception("output %s loses an update", self._output.name)
                self._tally.drop_updates(1)
                return
        self._tally.drop_updates(1)
        if self._gave_up is not None:
            log.error("output %s: given up after %d attempts", self._output.name, len(self._pauses) + 1)
            self._drop_all()
            self._gave_up()

    def _drop_all(self) -> None:
        with self._changed:
            self._tally.drop_updates(len(self._pending))
            self._pending.clear()
            self._is_finishing = True


class Deliveries:
    """All outputs."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._deliveries = deliveries

    def put(self, update: Update) -> None:
        for delivery in self._deliveries:
            delivery.put(update)

    def hurry(self) -> None:
        for delivery in self._deliveries:
            delivery.hurry()

    def finish(self, patience: float) -> bool:
        """Let all of them end; whether they did within these seconds."""
        for delivery in self._deliveries:
            delivery.finish()
        deadline = time.monotonic() + patience
        return all(delivery.join(max(0.0, deadline - time.monotonic())) for delivery in self._deliveries)
