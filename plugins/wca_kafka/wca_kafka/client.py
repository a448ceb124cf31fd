"""The door to confluent-kafka: a producer that is made anew when it broke, and reports each message's own fate.

The library (librdkafka) connects, tries again and orders messages in threads of its own. What it
tells is told once for each change of state; the rest of what it logs is for level DEBUG.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from wca_core.errors import ConfigurationError
from wca_kafka.link import Failure, FullError, RefusedError, Report
from wca_kafka.messages import Message

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

log = logging.getLogger("wca.kafka")

Settings: TypeAlias = Mapping[str, object]

WORTH_TELLING = frozenset({"_ALL_BROKERS_DOWN", "_AUTHENTICATION", "_SSL", "_RESOLVE", "_FATAL"})
OF_SINGLE_MESSAGES = frozenset({"msg_size_too_large"})
"""Troubles that may come with every step while the other messages of it arrive."""

SECONDS_FOR_RETIRED = 5.0
"""That a producer which was replaced has for what it still holds."""


class Client:
    """Producers of one storage, one after another. Raises `ConfigurationError` for settings that make none.

    `seconds_between_producers`: that it waits before it makes one instead of one that broke.
    """

    def __init__(self, settings: Settings, report: Report, seconds_between_producers: float = 60.0) -> None:
        self._settings = settings
        self._report = report
        self._patience = seconds_between_producers
        self._fatal = False
        self._told: set[tuple[str, str]] = set()
        """Troubles and the topics that have them, "" for those of all."""
        self._retired: list[tuple[Producer, float]] = []
        self._producer = self._made()
        self._made_at = time.monotonic()

    def produce(self, message: Message) -> None:
        try:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key,
                headers=message.headers,
                timestamp=message.timestamp_ms,
                on_delivery=partial(self._reported, message),
            )
        except BufferError as error:
            raise FullError from error
        except _kafka_exception() as error:
            raise RefusedError(self._told_failure(message, error.args[0])) from error

    def poll(self, seconds: float) -> None:
        self._heed(self._producer.poll, seconds)
        self._look_after_retired()

    def flush(self, seconds: float) -> None:
        self._heed(self._producer.flush, seconds)
        self._look_after_retired()

    def purge(self) -> None:
        for producer in (self._producer, *[retired for retired, _ in self._retired]):
            producer.purge()
            self._heed(producer.flush, 1.0)

    def renew_if_broken(self) -> None:
        now = time.monotonic()
        if self._fatal and now - self._made_at > self._patience:
            self._made_at = now
            self._producer.purge()
            try:
                self.renew()
            except ConfigurationError as error:  # files of certificates may be back the next time
                log.error("%s: no other producer instead of the one that broke: %s", self._servers, error)

    def renew(self) -> None:
        producer = self._made()
        self._retired.append((self._producer, time.monotonic() + SECONDS_FOR_RETIRED))
        self._producer, self._made_at, self._fatal = producer, time.monotonic(), False

    def has_broken(self) -> bool:
        return self._fatal

    def _look_after_retired(self) -> None:
        for retired, deadline in list(self._retired):
            self._heed(retired.poll, 0)
            if time.monotonic() < deadline:
                continue  # even an empty one: another thread may be about to give it a message
            retired.purge()
            self._heed(retired.flush, 1.0)
            if not len(retired):
                self._retired.remove((retired, deadline))

    def _heed(self, take_reports: Callable[[float], int], seconds: float) -> None:
        """A fatal error comes as an exception, not as a call of `error_cb`; of a retired producer it is old news."""
        try:
            take_reports(seconds)
        except _kafka_exception() as error:
            if getattr(take_reports, "__self__", None) is self._producer:
                self._on_error(error.args[0])

    def _made(self) -> Producer:
        callbacks = {"error_cb": self._on_error, "logger": _LibraryLog()}
        return _producer({**self._settings, **callbacks})

    def _reported(self, message: Message, error: KafkaError | None, _: object) -> None:
        if error is None:
            if self._told:
                self._forget_what_was_told(message.topic)
            self._report(message, None)
            return
        self._report(message, self._told_failure(message, error))

    def _told_failure(self, message: Message, error: KafkaError) -> Failure:
        failure = _failure(error)
        self._tell(failure.reason, f"messages are not delivered to {message.topic}: {failure.sentence}", message.topic)
        return failure

    def _on_error(self, error: KafkaError) -> None:
        name = error.name()
        if error.fatal() or name == "_FATAL":
            self._fatal = True
            name = "_FATAL"
        if name in WORTH_TELLING:
            self._tell(name, f"{error.str()} ({name})")

    def _tell(self, trouble: str, sentence: str, topic: str = "") -> None:
        """Once until messages are delivered again."""
        if (trouble, topic) not in self._told:
            self._told.add((trouble, topic))
            log.warning("%s: %s", self._servers, sentence)

    def _forget_what_was_told(self, topic: str) -> None:
        """A message arrived there: only what other topics, or single messages, have trouble with is still so."""
        over = {told for told in tuple(self._told) if told[1] in ("", topic) and told[0] not in OF_SINGLE_MESSAGES}
        if over:
            self._told -= over
            log.info("%s: messages are delivered again", self._servers)

    @property
    def _servers(self) -> object:
        return self._settings.get("bootstrap.servers")


def check_settings(settings: Settings) -> None:
    """Raises `ConfigurationError` with the library's words if no producer can be made of these; connects to nobody."""
    quiet = {name: value for name, value in settings.items() if name != "bootstrap.servers"}
    _producer({**quiet, "logger": _LibraryLog()})


class _LibraryLog:
    """Takes what the library logs, of all levels, as of level DEBUG: each attempt to connect would be an error."""

    def log(self, _level: int, message: str, *arguments: object) -> None:
        log.debug(message, *arguments)


def _producer(settings: dict[str, Any]) -> Producer:
    try:
        from confluent_kafka import Producer  # 13 ms to import, for those who have Kafka
    except ImportError as error:
        raise ConfigurationError(
            f"KafkaStorage needs the package confluent-kafka ({error}): pip install confluent-kafka"
        ) from error
    try:
        return Producer(settings)
    except (_kafka_exception(), TypeError, ValueError) as error:
        raise ConfigurationError(f"the Kafka library refuses its settings: {_words(error)}") from error


def _words(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return first.str() if hasattr(first, "str") else str(first)


def _failure(error: KafkaError) -> Failure:
    name = error.name()
    return Failure(name.strip("_").lower(), f"{error.str()} ({name})")


def _kafka_exception() -> type[Exception]:
    from confluent_kafka import KafkaException

    return KafkaException
