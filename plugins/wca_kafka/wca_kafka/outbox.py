"""Mode `async`: nobody waits. Batches become messages in one thread, reports are taken in another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from wca_core.errors import WcaError
from wca_kafka.accounting import Account
from wca_kafka.encoder import Encoder
from wca_kafka.fields import Overflow
from wca_kafka.intake import Intake
from wca_kafka.link import Connect
from wca_kafka.messages import Batch, Message
from wca_kafka.outgoing import Bounds, Outgoing
from wca_kafka.sender import SECONDS_AT_THE_END

log = logging.getLogger("wca.kafka")

POLL = 0.2
"""Seconds between looks at whether it is time to end."""


class Outbox:
    """Two threads and the queue behind them."""

    def __init__(
        self, connect: Connect, encoder: Encoder, account: Account, bounds: Bounds, flow: tuple[Overflow, float]
    ) -> None:
        """`flow`: what to do when the queue is full, and for how long `send` may wait then."""
        overflow, patience = flow
        self.account = account
        self._encoder = encoder
        self._intake = Intake(overflow, patience)
        self._outgoing = Outgoing(connect, account, bounds, overflow)
        self._stopping = threading.Event()
        self._ending = threading.Event()
        self._encoding = threading.Thread(target=self._encode, name="kafka-encode", daemon=True)
        self._polling = threading.Thread(target=self._poll, name="kafka-poll", daemon=True)
        self._encoding.start()
        self._polling.start()

    def send(self, batch: Batch) -> None:
        lost = self._intake.put(batch)
        if lost is not None:
            self.account.never_made(lost.topic, len(lost.samples), "overflow")

    def renew(self) -> None:
        self._outgoing.client.renew()

    def stop(self) -> None:
        patience = SECONDS_AT_THE_END - POLL
        deadline = time.monotonic() + patience
        messages, samples = self.account.lost
        self._intake.close()
        self._stopping.set()
        self._encoding.join(patience)
        self._outgoing.end()
        self._outgoing.drain(max(0.0, deadline - time.monotonic()))
        self._ending.set()
        for batch in self._intake.emptied():
            self.account.never_made(batch.topic, len(batch.samples), "stopped")
        self._encoding.join()
        self._polling.join()
        self._outgoing.give_up()
        _tell_of_loss(self.account, messages, samples)

    @property
    def is_full(self) -> bool:
        return self._outgoing.is_full or self._intake.is_full

    def _encode(self) -> None:
        while (batch := self._intake.take()) is not None:
            for message in self._made(batch):
                try:
                    self._outgoing.add(message)
                except Exception:  # without this thread nothing would ever be sent again
                    log.exception("handing over a message failed")

    def _made(self, batch: Batch) -> Sequence[Message]:
        try:
            messages = self._encoder.messages(batch)
        except Exception as error:
            self.account.never_made(batch.topic, len(batch.samples), "invalid")
            is_ours = isinstance(error, WcaError)
            log.error("%d samples cannot be sent: %s", len(batch.samples), error, exc_info=not is_ours)
            return []
        self.account.left_out(batch, messages)
        return messages

    def _poll(self) -> None:
        while not self._ending.is_set():
            try:
                self._outgoing.poll(POLL, hurries=self._stopping.is_set())
            except Exception:
                log.exception("taking reports failed")
                time.sleep(POLL)


def _tell_of_loss(account: Account, messages: int, samples: int) -> None:
    """What was lost since there were so many."""
    lost, samples_lost = account.lost
    if lost > messages:
        log.warning(
            "%d messages with %d samples were not delivered within %g s at the end and are lost",
            lost - messages,
            samples_lost - samples,
            SECONDS_AT_THE_END,
        )
