"""`KafkaStorage`: its fields, and what the agent calls."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from wca_core.config.field_types import IpPort
from wca_core.errors import ConfigurationError, WcaError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, Samples
from wca_core.plugin_api import hookimpl, plugin
from wca_core.tls import SSL
from wca_kafka.accounting import Account
from wca_kafka.client import Client, check_settings
from wca_kafka.descriptions import METRICS
from wca_kafka.direct import Direct
from wca_kafka.encoder import Encoder
from wca_kafka.fields import (
    Budget,
    Compression,
    Format,
    Key,
    MessageBytes,
    Mode,
    OnInvalid,
    Overflow,
    QueueBytes,
    QueueMessages,
    Topic,
    TotalBudget,
    check_key,
    check_queue,
)
from wca_kafka.library_settings import Wishes, library_settings
from wca_kafka.messages import Batch
from wca_kafka.outbox import Outbox
from wca_kafka.outgoing import Bounds
from wca_kafka.sender import Sender
from wca_kafka.writers import Layout

log = logging.getLogger("wca.kafka")

_indices: set[int] = set()
"""Of the storages that run in this process."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class KafkaStorage:
    """Sends every step to a topic of Kafka.

    | `mode` | the step | a broker that is away |
    |---|---|---|
    | async | hands its samples over and goes on | what the bounds of the queue let wait is sent later |
    | sync | is told of every message, or of a failure; the agent calls it beside its steps | the batch is lost |
    """

    topic: Topic | dict[Stream, Topic]
    """For all samples, or for each stream (metrics, anomalies, allocations): of one without topic nothing is sent."""
    brokers_ips: list[IpPort] = field(default_factory=lambda: ["127.0.0.1:9092"])
    """Some brokers, by name or address, to learn of all others from."""
    max_timeout_in_seconds: Budget = 0.5
    """For a message to be confirmed in mode sync; for a step to wait if `overflow` is block."""
    total_timeout: TotalBudget | None = None
    """For all messages of a call in mode sync. None: twice `max_timeout_in_seconds`."""
    extra_config: dict[str, str] | None = field(default=None, repr=False)
    """Settings of librdkafka, such as `sasl.mechanism`; passwords best by `!Env`."""
    ssl: SSL | None = None
    mode: Mode = "async"
    format: Format = "exposition"
    key: Key = "none"
    """Of messages: none, host, family (`exposition_per_family` only), or label:NAME (`json_per_sample` only)."""
    max_message_bytes: MessageBytes = 100_000
    """Above which text is sent in several messages, cut between samples."""
    compression: Compression = "none"
    idempotence: bool = False
    """Messages that are sent again after an error are stored once and in order."""
    queue_max_messages: QueueMessages = 10_000
    """Not yet confirmed, in mode async."""
    queue_max_bytes: QueueBytes = 64 << 20
    """At least `max_message_bytes`, so that every message has room."""
    overflow: Overflow = "drop_oldest"
    """What is lost when the queue is full: its oldest messages, or those that come; block: those that come, after
    the step has waited."""
    include_timestamp: bool = True
    """In the text; Kafka's own timestamp of each message is always that of the step."""
    on_invalid: OnInvalid = "refuse_batch"
    """What a value that is no number costs."""

    _sender: Sender | None = field(default=None, init=False, repr=False)
    _host: Host = field(default_factory=Host, init=False, repr=False)
    _index: int = field(default=0, init=False, repr=False)
    _files: object = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_key(self.key, self.format)
        if self.mode == "async":
            check_queue(self.queue_max_bytes, self.max_message_bytes)
        if not self.brokers_ips:
            raise ConfigurationError("brokers_ips: at least one HOST:PORT expected, found none")
        if not self.topic:
            raise ConfigurationError("topic: a topic, or a mapping with one for each stream, expected")
        check_settings(self._library_settings("check"))

    @property
    def stores_locally(self) -> bool:
        """In mode async a call only hands over."""
        return self.mode == "async"

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return METRICS

    @hookimpl
    def start(self, host: Host) -> None:
        self._host = host
        self._index = min(set(range(len(_indices) + 1)) - _indices)
        self._files = self.ssl.signature() if self.ssl else None
        self._sender = self._made_sender(host)
        _indices.add(self._index)

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        """Raises `WcaError`: in mode sync if a message is not delivered in time, in both if it was not started."""
        sender = self._sender  # another thread may stop the storage meanwhile
        if sender is None:
            raise WcaError("KafkaStorage is asked to store before it was started, or after it was stopped")
        topic = self._topics.get(stream)
        if topic is None:
            return
        if not samples.series:
            log.debug("nothing to send to %s", topic)
            return
        clock = self._host.clock
        sender.send(Batch(samples, stream, topic, clock.now(), clock.monotonic()))

    @hookimpl
    def collect_metrics(self) -> list[Sample]:
        """What became of the messages until now."""
        return self._sender.account.samples(self._sender.is_full) if self._sender else []

    @hookimpl
    def reload(self) -> None:
        """Use certificates that were renewed."""
        if self._sender is None or self.ssl is None or self.ssl.signature() == self._files:
            return
        self._sender.renew()
        self._files = self.ssl.signature()
        log.info("the certificates of Kafka are others from now on")

    @hookimpl
    def stop(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.stop()
            _indices.discard(self._index)
            for topic, tally in sender.account.tallies().items():
                log.info("%s: %s", topic, tally)

    @property
    def _topics(self) -> Mapping[Stream, str]:
        if isinstance(self.topic, str):
            return dict.fromkeys(("metrics", "anomalies", "allocations"), self.topic)
        return self.topic

    def _made_sender(self, host: Host) -> Sender:
        layout = Layout(
            labels=host.labels,
            limit=self.max_message_bytes,
            timestamps=self.include_timestamp,
            key_label=self.key.removeprefix("label:") if self.key.startswith("label:") else None,
        )
        encoder = Encoder(self.format, layout, self.key, self.on_invalid)
        account = Account(str(self._index), self._topics.values())
        connect = partial(Client, self._library_settings(host.name))
        budget = self.max_timeout_in_seconds
        if self.mode == "sync":
            total = 2 * budget if self.total_timeout is None else self.total_timeout
            return Direct(connect, encoder, account, budget, total)
        bounds = Bounds(self.queue_max_messages, self.queue_max_bytes)
        return Outbox(connect, encoder, account, bounds, (self.overflow, budget))

    def _library_settings(self, host: str) -> dict[str, object]:
        wishes = Wishes(
            brokers=self.brokers_ips,
            mode=self.mode,
            budget=self.max_timeout_in_seconds,
            compression=self.compression,
            idempotence=self.idempotence,
            max_message_bytes=self.max_message_bytes,
            ssl=self.ssl,
        )
        return library_settings(wishes, self.extra_config or {}, host)
