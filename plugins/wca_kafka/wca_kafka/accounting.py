"""What became of every message and sample: produced = delivered + failed + dropped + queued, at every moment."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wca_core.model.metric import Sample
from wca_kafka.descriptions import (
    BACKPRESSURE,
    BYTES_DELIVERED,
    DELIVERED,
    DROPPED,
    FAILED,
    LATENCY,
    PRODUCED,
    QUEUE_BYTES,
    QUEUE_MESSAGES,
    SAMPLES_DELIVERED,
    SAMPLES_LOST,
)
from wca_kafka.messages import Batch, Message

FULL = 0.8
"""Part of a bound above which there is back-pressure."""


@dataclass(slots=True)
class Latencies:
    """Of the messages confirmed since the last report [seconds]."""

    total: float = 0.0
    number: int = 0
    highest: float = 0.0

    def add(self, seconds: float) -> None:
        self.total += seconds
        self.number += 1
        self.highest = max(self.highest, seconds)


@dataclass(slots=True)
class Tally:
    """The counts of one topic."""

    produced: int = 0
    delivered: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    samples_delivered: int = 0
    samples_lost: int = 0
    bytes_delivered: int = 0
    queued: int = 0
    queued_bytes: int = 0
    latencies: Latencies = field(default_factory=Latencies)

    def __str__(self) -> str:
        lost = self.failed.total() + self.dropped.total()
        return (
            f"{self.delivered} messages with {self.samples_delivered} samples were delivered, "
            f"{lost} with {self.samples_lost} lost"
        )

    def confirm(self, message: Message, seconds: float) -> None:
        self.delivered += 1
        self.samples_delivered += message.samples
        self.bytes_delivered += message.size
        self.latencies.add(seconds)

    def unqueue(self, message: Message) -> None:
        self.queued -= 1
        self.queued_bytes -= message.size


class Account:
    """The counts of one storage, told by several threads."""

    def __init__(self, storage: str, topics: Iterable[str] = ()) -> None:
        """`storage`: its index, a label; `topics`: to be counted from 0 on."""
        self._storage = storage
        self._changing = threading.Lock()
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally, {topic: Tally() for topic in topics})

    def produced(self, message: Message) -> None:
        with self._changing:
            tally = self._tallies[message.topic]
            tally.produced += 1
            tally.queued += 1
            tally.queued_bytes += message.size

    def delivered(self, message: Message, seconds: float) -> None:
        """`seconds`: since the call of the storage."""
        with self._changing:
            tally = self._tallies[message.topic]
            tally.unqueue(message)
            tally.confirm(message, seconds)

    def failed(self, message: Message, reason: str) -> None:
        with self._changing:
            tally = self._tallies[message.topic]
            tally.unqueue(message)
            tally.failed[reason] += 1
            tally.samples_lost += message.samples

    def dropped(self, message: Message, reason: str) -> None:
        with self._changing:
            tally = self._tallies[message.topic]
            tally.unqueue(message)
            tally.dropped[reason] += 1
            tally.samples_lost += message.samples

    def never_made(self, topic: str, samples: int, reason: str) -> None:
        """A batch of which no message was made counts as one that was dropped."""
        with self._changing:
            tally = self._tallies[topic]
            tally.produced += 1
            tally.dropped[reason] += 1
            tally.samples_lost += samples

    def left_out(self, batch: Batch, messages: Iterable[Message]) -> None:
        """The samples of a batch that are in none of its messages."""
        missing = len(batch.samples) - sum(message.samples for message in messages)
        if missing:
            with self._changing:
                self._tallies[batch.topic].samples_lost += missing

    def tallies(self) -> dict[str, Tally]:
        """By topic; not to be changed."""
        with self._changing:
            return dict(self._tallies)

    @property
    def queued(self) -> tuple[int, int]:
        """Messages and bytes of all topics."""
        with self._changing:
            tallies = self._tallies.values()
            return sum(one.queued for one in tallies), sum(one.queued_bytes for one in tallies)

    @property
    def lost(self) -> tuple[int, int]:
        """Messages and samples of all topics."""
        with self._changing:
            tallies = self._tallies.values()
            messages = sum(one.failed.total() + one.dropped.total() for one in tallies)
            return messages, sum(one.samples_lost for one in tallies)

    def samples(self, is_full: bool) -> list[Sample]:
        """For the agent's metrics storage; begins a new report of latencies."""
        with self._changing:
            found = [BACKPRESSURE.sample(int(is_full), storage=self._storage)]
            for topic, tally in self._tallies.items():
                found += _samples_of(tally, topic, self._storage)
                tally.latencies = Latencies()
            return found


def _samples_of(tally: Tally, topic: str, storage: str) -> Iterator[Sample]:
    place = (topic, storage)
    yield PRODUCED.series_at(None, place).at(tally.produced)
    yield DELIVERED.series_at(None, place).at(tally.delivered)
    yield from (FAILED.series_at(None, (*place, reason)).at(number) for reason, number in tally.failed.items())
    yield from (DROPPED.series_at(None, (*place, reason)).at(number) for reason, number in tally.dropped.items())
    yield SAMPLES_DELIVERED.series_at(None, place).at(tally.samples_delivered)
    yield SAMPLES_LOST.series_at(None, place).at(tally.samples_lost)
    yield BYTES_DELIVERED.series_at(None, place).at(tally.bytes_delivered)
    yield QUEUE_MESSAGES.series_at(None, place).at(tally.queued)
    yield QUEUE_BYTES.series_at(None, place).at(tally.queued_bytes)
    latencies = tally.latencies
    if latencies.number:
        yield LATENCY.series_at(None, (*place, "avg")).at(latencies.total / latencies.number)
        yield LATENCY.series_at(None, (*place, "max")).at(latencies.highest)
