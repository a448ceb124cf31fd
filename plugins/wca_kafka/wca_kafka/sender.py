"""What sends batches; `outbox` and `direct` are the two ways."""

from __future__ import annotations

from typing import Protocol

from wca_kafka.accounting import Account
from wca_kafka.messages import Batch

SECONDS_AT_THE_END = 5.0
"""For what waits when a sender is stopped."""


class Sender(Protocol):
    """Sends batches until it is stopped."""

    account: Account

    def send(self, batch: Batch) -> None:
        """Raises `WcaError` if it is known already that it is not delivered."""

    def renew(self) -> None:
        """Read the files of certificates again, without waiting for brokers.

        Raises `ConfigurationError`; what was in force then still is.
        """

    def stop(self) -> None:
        """Send what waits, for some seconds; what is left is lost and told."""

    @property
    def is_full(self) -> bool:
        """Whether there is back-pressure."""
