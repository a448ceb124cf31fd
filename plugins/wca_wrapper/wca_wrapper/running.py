"""One wrapper at work: runs the application, hands on what its parser finds, and starts it again if asked."""

from __future__ import annotations

import logging
import queue
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

from wca_wrapper.measurement import Measurement, samples_of
from wca_wrapper.newest import Newest
from wca_wrapper.one_run import ENDING_SIGNALS, Event, Handling, Run
from wca_wrapper.service_level import ServiceLevel
from wca_wrapper.settings import Restart
from wca_wrapper.storing import Deliveries
from wca_wrapper.tally import Tally

log = logging.getLogger("wca.wrapper")

GAVE_UP = 70
"""Exit code where a storage was given up."""
FORWARDED_SIGNALS = (*ENDING_SIGNALS, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(eq=False, kw_only=True)
class Wrapper:
    """What all runs of one application share."""

    handling: Handling
    service_level: ServiceLevel
    tally: Tally
    newest: Newest
    deliveries: Deliveries = field(default_factory=lambda: Deliveries([]))
    restart: Restart = "no"
    restart_delay: float = 1.0
    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)

    _has_ended: bool = field(default=False, init=False)

    def run(self) -> int:
        """Until the application has ended and need not be started again: the exit code.

        Raises `CannotRunError` if it cannot be started.
        """
        try:
            while True:
                run = Run(self.handling, self.events, self.publish)
                code = run.supervised()
                self.tally.exit_code = code
                self.publish([])
                if run.must_end or self.restart == "no" or (self.restart == "on-failure" and code == 0):
                    return code
                log.info("exit code %d: started again in %g s", code, self.restart_delay)
                if self._is_told_to_end(self.restart_delay):
                    return code
        finally:
            self._has_ended = True

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """For the application; once that has ended, for us, who may still be trying to deliver."""
        self.events.put(Event("signal", number))
        if self._has_ended and number in ENDING_SIGNALS:
            self.deliveries.hurry()

    def publish(self, found: Sequence[Measurement]) -> None:
        """One update, with what it means for the service level, to all outputs."""
        samples, refused = samples_of([*found, *self.service_level.added(found)])
        self.tally.parse_errors += refused
        if samples:
            self.tally.last_update = time.time()
            self.newest.add(samples)
        self.deliveries.put(samples)

    def abort(self, code: int) -> None:
        """End the application and then the wrapper, with this exit code; from any thread."""
        self.events.put(Event("abort", code))

    def _is_told_to_end(self, seconds: float) -> bool:
        """Wait; whether somebody wants an end meanwhile."""
        deadline = time.monotonic() + seconds
        while (rest := deadline - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=rest)
            except queue.Empty:
                return False
            if event.kind == "abort" or (event.kind == "signal" and event.value in ENDING_SIGNALS):
                return True
        return False
