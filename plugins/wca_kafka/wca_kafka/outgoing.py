"""Messages between their making and the broker's confirmation: a bounded queue, of which the library holds a part.

The library cannot be made to give one message back, so it is handed only as many as keep it busy (the window); what is
dropped when the queue is full is the oldest, or the newest, of those that still wait here.

| a message finds | what happens |
|---|---|
| room | it waits its turn |
| none, while messages are being confirmed | it waits for room, which will come |
| none, `drop_oldest` | the oldest that the library has not got is dropped |
| none, `drop_newest` | it is dropped |
| none, `block` | it waits, however long; `Intake` makes others wait or go |
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass

from wca_kafka.accounting import FULL, Account
from wca_kafka.fields import Overflow
from wca_kafka.link import Connect, Failure, FullError, RefusedError
from wca_kafka.messages import Message

log = logging.getLogger("wca.kafka")

WINDOW_MESSAGES = 2000
WINDOW_BYTES = 8 << 20
HURRY = 0.02
"""Seconds of a poll at the end while there is nothing to flush: a flush would return at once, again and again."""
PROGRESS = 0.5
"""Seconds after a confirmation in which the next is taken to be near."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of messages not yet confirmed, and of the bytes of their values."""

    messages: int
    size: int

    @property
    def window(self) -> Bounds:
        """What the library may hold of them: a quarter, so that at least three quarters can still be dropped."""
        return Bounds(max(1, min(WINDOW_MESSAGES, self.messages // 4)), min(WINDOW_BYTES, self.size // 4))


@dataclass(slots=True)
class Held:
    """How much there is of something."""

    messages: int = 0
    size: int = 0

    def add(self, message: Message) -> None:
        self.messages += 1
        self.size += message.size

    def remove(self, message: Message) -> None:
        self.messages -= 1
        self.size -= message.size

    def has_room(self, message: Message, bounds: Bounds) -> bool:
        """A message that is larger than the bound has room where nothing else is."""
        fits = self.messages < bounds.messages and self.size + message.size <= bounds.size
        return fits or not self.messages


class Outgoing:
    """One thread adds, another polls, a third ends it."""

    def __init__(
        self, connect: Connect, account: Account, bounds: Bounds, overflow: Overflow, progress: float = PROGRESS
    ) -> None:
        self._account = account
        self._bounds = bounds
        self._overflow = overflow
        self._progress = progress
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._all = Held()
        self._sent = Held()
        self._confirmed_at = time.monotonic()
        self._ended = False
        self._is_dropping = False
        self.client = connect(self._reported)

    def add(self, message: Message) -> None:
        """Put a message at the end of the queue, or drop one; waits where the table says so."""
        with self._changed:
            self._account.produced(message)
            while not self._all.has_room(message, self._bounds) and self._is_worth_waiting():
                self._changed.wait(0.05)
            if not self._make_room(message):
                self._account.dropped(message, "overflow")
                return
            self._all.add(message)
            self._waiting.append(message)
            self._hand_over()

    def poll(self, seconds: float, *, hurries: bool = False) -> None:
        """Take reports, and hand over what there is room for again. `hurries`: let the library not wait for more."""
        if hurries and self._sent.messages:
            self.client.flush(seconds)
        else:
            self.client.poll(HURRY if hurries else seconds)
        self.client.renew_if_broken()
        with self._changed:
            self._hand_over()

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is left; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._all.messages, seconds)

    def end(self) -> None:
        """Let nobody wait for room any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """What was not confirmed is lost, and counted so. Nobody may poll meanwhile."""
        with self._changed:
            while self._waiting:
                self._drop(self._waiting.popleft(), "stopped")
        self.client.purge()

    @property
    def is_full(self) -> bool:
        """Whether a bound is nearly reached. A step asks, so it waits for no lock."""
        return self._all.messages > FULL * self._bounds.messages or self._all.size > FULL * self._bounds.size

    def _is_worth_waiting(self) -> bool:
        if self._ended:
            return False
        return self._overflow == "block" or time.monotonic() - self._confirmed_at < self._progress

    def _make_room(self, message: Message) -> bool:
        """Whether there is room now."""
        while not self._all.has_room(message, self._bounds):
            self._tell_of_dropping()
            if self._overflow != "drop_oldest" or not self._waiting:
                return False
            self._drop(self._waiting.popleft(), "overflow")
        return True

    def _drop(self, message: Message, reason: str) -> None:
        self._all.remove(message)
        self._account.dropped(message, reason)
        self._changed.notify_all()

    def _hand_over(self) -> None:
        """Fill the window with the oldest."""
        if self.client.has_broken():
            return
        window = self._bounds.window
        while self._waiting and self._sent.has_room(self._waiting[0], window):
            message = self._waiting[0]
            try:
                self.client.produce(message)
            except FullError:
                return
            except RefusedError as refused:
                if refused.failure.reason == "fatal":
                    return  # another producer will take it
                self._waiting.popleft()
                self._drop(message, refused.failure.reason)
            else:
                self._waiting.popleft()
                self._sent.add(message)
                message.forget_text()  # the library has a copy

    def _reported(self, message: Message, failure: Failure | None) -> None:
        now = time.monotonic()
        with self._changed:
            self._sent.remove(message)
            self._all.remove(message)
            if failure is None:
                self._confirmed_at = now
                self._account.delivered(message, now - message.since)
                self._tell_of_the_end_of_dropping()
            else:
                self._account.failed(message, failure.reason)
            self._changed.notify_all()

    def _tell_of_dropping(self) -> None:
        if not self._is_dropping:
            self._is_dropping = True
            log.warning("the queue of %d messages is full: %s", self._all.messages, self._overflow)

    def _tell_of_the_end_of_dropping(self) -> None:
        if self._is_dropping and self._all.messages < self._bounds.messages / 2:
            self._is_dropping = False
            log.info("the queue has room again; lost until now: %d messages with %d samples", *self._account.lost)
