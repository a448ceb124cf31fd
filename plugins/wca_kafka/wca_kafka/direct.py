"""Mode `sync`: one message after another, each with a time to be confirmed in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from wca_core.errors import ConfigurationError, FailedDeliveryException
from wca_kafka.accounting import Account
from wca_kafka.encoder import Encoder
from wca_kafka.link import Connect, Failure, FullError, RefusedError
from wca_kafka.messages import Batch, Message
from wca_kafka.sender import SECONDS_AT_THE_END

log = logging.getLogger("wca.kafka")

SECONDS_FOR_RENEWAL = 0.1
"""That a renewal waits for a batch on its way: the agent's steps wait as well."""


class Direct:
    """One caller at a time; others wait."""

    def __init__(
        self, connect: Connect, encoder: Encoder, account: Account, budget: float, total_budget: float
    ) -> None:
        """`budget`: seconds of a message, `total_budget`: of a batch."""
        self.account = account
        self._encoder = encoder
        self._budget = budget
        self._total_budget = total_budget
        self._awaited: Message | None = None
        self._outcome: Failure | None = None
        self._sending = threading.Lock()
        self._is_renewal_due = False
        self.is_stopping = False
        """A call that is under way ends with the message that it is at."""
        self._client = connect(self._reported)

    def send(self, batch: Batch) -> None:
        """Raises `FailedDeliveryException`; nothing after the message that failed is sent then."""
        with self._sending:
            self._renew_as_asked()
            self._client.renew_if_broken()
            messages = self._made(batch)
            deadline = time.monotonic() + self._total_budget
            for number, message in enumerate(messages):
                left = 0.0 if self.is_stopping else deadline - time.monotonic()
                failure = self._deliver(message, min(self._budget, left))
                if failure is not None:
                    self._leave_out(messages[number + 1 :])
                    raise FailedDeliveryException(
                        f"message {number + 1} of {len(messages)} for {batch.topic} was not delivered: "
                        f"{failure.sentence}"
                    )

    def renew(self) -> None:
        """While a batch is on its way: before the next one, and what is wrong is logged then."""
        self._is_renewal_due = True
        if self._sending.acquire(timeout=SECONDS_FOR_RENEWAL):
            try:
                self._renew_now()
            finally:
                self._sending.release()

    def _renew_as_asked(self) -> None:
        try:
            self._renew_now()
        except ConfigurationError as error:
            log.error("the connections of before stay in use, their files cannot be read again: %s", error)

    def _renew_now(self) -> None:
        """If it is still due."""
        is_due, self._is_renewal_due = self._is_renewal_due, False
        if is_due:
            self._client.renew()

    def stop(self) -> None:
        self.is_stopping = True
        with self._sending:
            self._client.flush(SECONDS_AT_THE_END)
            self._client.purge()

    @property
    def is_full(self) -> bool:
        return False

    def _made(self, batch: Batch) -> Sequence[Message]:
        try:
            messages = self._encoder.messages(batch)
        except Exception:
            self.account.never_made(batch.topic, len(batch.samples), "invalid")
            raise
        self.account.left_out(batch, messages)
        return messages

    def _deliver(self, message: Message, seconds: float) -> Failure | None:
        """What came of it, within this time."""
        self.account.produced(message)
        if seconds <= 0:
            return self._dropped(message, Failure("timeout", "timeout of the whole batch"))
        try:
            self._produce(message, seconds)
        except FullError:
            return self._dropped(message, Failure("queue_full", "the queue of the library is full"))
        except RefusedError as refused:
            return self._dropped(message, refused.failure)
        self._client.flush(seconds)
        if self._awaited is not None:
            self._awaited = None
            self._client.purge()  # else it would arrive later, behind others
            return self._failed(message, Failure("timeout", f"timeout after {seconds:.3g} s"))
        if self._outcome is not None:
            return self._failed(message, self._outcome)
        self.account.delivered(message, time.monotonic() - message.since)
        return None

    def _produce(self, message: Message, seconds: float) -> None:
        self._awaited = message
        try:
            self._client.produce(message)
        except FullError:
            self._client.flush(seconds)
            self._client.produce(message)

    def _reported(self, message: Message, failure: Failure | None) -> None:
        """Of another message than the one awaited it comes too late: that was counted as failed."""
        if message is self._awaited:
            self._awaited, self._outcome = None, failure

    def _failed(self, message: Message, failure: Failure) -> Failure:
        self.account.failed(message, failure.reason)
        return failure

    def _dropped(self, message: Message, failure: Failure) -> Failure:
        self.account.dropped(message, failure.reason)
        return failure

    def _leave_out(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.account.produced(message)
            self.account.dropped(message, "left_out")
