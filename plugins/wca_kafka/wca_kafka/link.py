"""What lies between our queue and Kafka, as others see it: `client` is the real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from wca_kafka.messages import Message


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not delivered."""

    reason: str
    """One word of the library's own: `msg_timed_out`, `msg_size_too_large`."""
    sentence: str


Report: TypeAlias = Callable[[Message, Failure | None], None]


class FullError(Exception):
    """The library takes no more at the moment."""


class RefusedError(Exception):
    """The library does not take this message."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


class Link(Protocol):
    """What takes messages, and reports each that it took: within `poll`, `flush` and `purge`, in their thread."""

    def produce(self, message: Message) -> None:
        """Raises `FullError` or `RefusedError`; the message is then not taken, and not reported."""

    def poll(self, seconds: float) -> None:
        """Wait at most this long for a report, and take all that are there."""

    def flush(self, seconds: float) -> None:
        """Send at once what was produced, and wait for the reports at most this long."""

    def purge(self) -> None:
        """Give up what is not confirmed: all of it is reported now."""

    def has_broken(self) -> bool:
        """Whether a fatal error came, so that nothing more can be sent until the producer is renewed."""

    def renew_if_broken(self) -> None:
        """Another producer instead of one that can send nothing any more, not too often."""

    def renew(self) -> None:
        """Another producer from now on; files of certificates are read again.

        Raises `ConfigurationError` if that cannot be: the one before then stays.
        """


Connect: TypeAlias = Callable[[Report], Link]
