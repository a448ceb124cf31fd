"""Brokers that are slow, wrong or away."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from functools import partial
from random import Random

import pytest
from wca_kafka.accounting import Account
from wca_kafka.client import Client
from wca_kafka.encoder import Encoder
from wca_kafka.fields import Overflow
from wca_kafka.intake import DEPTH
from wca_kafka.messages import Batch
from wca_kafka.outbox import Outbox
from wca_kafka.outgoing import PROGRESS, Bounds
from wca_kafka.storage import KafkaStorage
from wca_kafka.writers import Layout

from plugins.wca_kafka.tests.given import (
    INIT_PRODUCER,
    NOT_AUTHORIZED,
    NOT_LEADER,
    PRODUCE,
    TIMED_OUT,
    TOO_LARGE,
    Broker,
    all_confirmed,
    broker,
    consumed,
    count,
    is_balanced,
    samples,
    started,
    told,
    wait_until,
)
from wca_core.model.metric import Metric, Samples, Series, gauge

STEPS = 100
STEP = 10_000 if "WCA_BROKERS" in os.environ else 1_500
"""Samples: a million in all with `make test-brokers`. Else fewer, in as many messages, over the same faults."""
SAMPLES = STEPS * STEP
MESSAGES_OF_A_STEP = 14
PARTITIONS = 64
"""The emulation keeps 5 MB of each."""

ONE_REQUEST = {"max.in.flight": "1"}
"""At a time, because the emulation looks at no sequence: of two requests it refuses the first and stores the second. To
the library a success of the second proves that the first was stored (a broker would refuse it otherwise), and what
nobody has counts as delivered."""


@pytest.fixture
def cluster() -> Iterator[Broker]:
    with broker() as running:
        yield running


@pytest.mark.parametrize("breaks", [False, True])
def test_all_samples_arrive_over_faults(cluster: Broker, breaks: bool) -> None:
    """Where connections break, the emulation stores again what is sent again: it does not look at idempotence.

    That a broker which does ends up without doubles is a test of `make test-brokers`.
    """
    cluster.order(f"topic wanted {PARTITIONS}")
    storage = KafkaStorage(
        topic="wanted",
        brokers_ips=cluster.servers,
        idempotence=True,
        max_message_bytes=5 * STEP,
        extra_config={
            "sticky.partitioning.linger.ms": "0",  # else a partition gets more than the emulation keeps
            **ONE_REQUEST,
        },
    )
    faults = {10: f"errors {PRODUCE} {NOT_LEADER} 3", 55: "latency 1 20", 60: f"errors {PRODUCE} {TIMED_OUT} 5"}
    if breaks:
        faults |= {25: "down 1", 40: "up 1", 70: "down 1", 80: "up 1"}

    with started(storage):
        for step in range(STEPS):
            if step in faults:
                cluster.order(faults[step])
            storage.store(samples(STEP, first=step * STEP), "metrics")
            time.sleep(0.05)
        wait_until(lambda: told(storage)["samples_delivered"] >= SAMPLES, 60)
        numbers = told(storage)

    counted = count(cluster.servers, "wanted")
    doubles = counted.pop("doubles")
    assert counted == {"messages": numbers["messages_delivered"], "samples": SAMPLES, "values": SAMPLES}
    assert numbers["messages_delivered"] >= MESSAGES_OF_A_STEP * STEPS
    assert is_balanced(numbers)
    assert breaks or doubles == 0


def test_a_broker_that_is_away_at_the_start_gets_everything_later(cluster: Broker) -> None:
    cluster.order("down 1")

    with started(KafkaStorage(topic="later", brokers_ips=cluster.servers)) as storage:
        for _ in range(3):
            storage.store(samples(10), "metrics")
        wait_until(lambda: told(storage)["queue_messages"] == 3)
        cluster.order("up 1")
        all_confirmed(storage, 3)

    assert count(cluster.servers, "later")["samples"] == 30


def test_a_message_that_the_broker_refuses_is_counted_and_the_next_arrives(
    cluster: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.order(f"errors {PRODUCE} {TOO_LARGE} 1")

    with started(KafkaStorage(topic="refused", brokers_ips=cluster.servers)) as storage:
        storage.store(samples(5), "metrics")
        wait_until(lambda: told(storage).get("messages_failed.msg_size_too_large") == 1)
        storage.store(samples(6), "metrics")
        all_confirmed(storage, 1)
        numbers = told(storage)

    assert (numbers["samples_lost"], numbers["samples_delivered"]) == (5, 6)
    assert "messages are not delivered to refused: Broker: Message size too large" in caplog.text


def test_a_sample_longer_than_the_library_takes_is_dropped_alone(cluster: Broker) -> None:
    long = Series.of(Metric("long", "Long.", gauge), {"text": "x" * 1_100_000})

    with started(KafkaStorage(topic="long", brokers_ips=cluster.servers)) as storage:
        storage.store(Samples.of([long.at(1), *samples(2)]), "metrics")
        all_confirmed(storage, 1)
        numbers = told(storage)

    assert (numbers["samples_lost"], numbers["samples_delivered"]) == (1, 2)
    assert numbers["messages_dropped.msg_size_too_large"] == 1


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", {0, 1, *range(22, 30)}), ("drop_newest", {*range(10)})])
def test_a_full_queue_loses_what_its_policy_says(
    cluster: Broker, caplog: pytest.LogCaptureFixture, overflow: Overflow, kept: set[int]
) -> None:
    cluster.order("down 1")
    storage = KafkaStorage(topic="full", brokers_ips=cluster.servers, queue_max_messages=10, overflow=overflow)

    with started(storage):
        time.sleep(PROGRESS)
        for step in range(30):
            storage.store(samples(1, first=step), "metrics")
            wait_until(lambda step=step: told(storage)["messages_produced"] > step)
        full = told(storage)
        cluster.order("up 1")
        all_confirmed(storage, 10)

    values = {int(message["value"].split()[-2]) for message in consumed(cluster.servers, "full")}
    assert values == kept
    assert (full["backpressure"], full["queue_messages"], full["messages_dropped.overflow"]) == (1, 10, 20)
    assert is_balanced(full)
    assert caplog.text.count("the queue of 10 messages is full") == 1


def test_a_full_queue_that_blocks_makes_the_step_wait_its_time_and_loses_the_newest(cluster: Broker) -> None:
    cluster.order("down 1")
    storage = KafkaStorage(
        topic="block", brokers_ips=cluster.servers, queue_max_messages=2, overflow="block", max_timeout_in_seconds=0.05
    )
    room = 2 + 1 + DEPTH  # the queue, the message that waits for it, batches that wait for that

    with started(storage):
        for step in range(room):
            storage.store(samples(1, first=step), "metrics")
            wait_until(lambda step=step: told(storage)["messages_produced"] >= min(step + 1, 3))
        started_at = time.monotonic()
        storage.store(samples(1, first=99), "metrics")
        waited = time.monotonic() - started_at
        cluster.order("up 1")
        all_confirmed(storage, room)
        numbers = told(storage)

    assert waited >= 0.05
    assert numbers["messages_dropped.overflow"] == 1
    assert {int(message["value"].split()[-2]) for message in consumed(cluster.servers, "block")} == {*range(room)}


def test_what_is_left_at_the_end_is_told_and_counted(cluster: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cluster.order("down 1")
    storage = KafkaStorage(topic="end", brokers_ips=cluster.servers)

    with started(storage):
        storage.store(samples(7), "metrics")
        began = time.monotonic()
    took = time.monotonic() - began

    assert "1 messages with 7 samples were not delivered within 5 s at the end and are lost" in caplog.text
    assert "end: 0 messages with 0 samples were delivered, 1 with 7 lost" in caplog.text
    assert took >= 4


def test_a_producer_that_broke_for_ever_is_replaced(cluster: Broker) -> None:
    account = Account("0", ["t"])
    settings = {
        "bootstrap.servers": cluster.servers[0],
        "enable.idempotence": True,
        "message.timeout.ms": 0,
    }
    encoder = Encoder("exposition", Layout(labels={"host": "h"}, limit=1000), "none", "refuse_batch")
    cluster.order(f"errors {INIT_PRODUCER} {NOT_AUTHORIZED} 1")
    connect = partial(Client, settings, seconds_between_producers=0.5)
    outbox = Outbox(connect, encoder, account, Bounds(100, 1 << 20), ("drop_oldest", 0.5))

    def deliver_one() -> bool:
        outbox.send(Batch(samples(1), "metrics", "t", time.time(), time.monotonic()))
        time.sleep(0.1)
        return account.tallies()["t"].delivered > 0

    wait_until(deliver_one)
    outbox.stop()

    tally = account.tallies()["t"]
    assert tally.failed.total() + tally.delivered == tally.produced
    assert count(cluster.servers, "t")["messages"] == tally.delivered


@pytest.mark.parametrize("idempotence", [True, False])
def test_the_account_is_balanced_under_random_faults(cluster: Broker, idempotence: bool) -> None:
    chance = Random(idempotence)
    orders = [
        "down 1",
        "up 1",
        "latency 1 30",
        "latency 1 0",
        f"errors {PRODUCE} {NOT_LEADER} 2",
        f"errors {PRODUCE} {TOO_LARGE} 1",
    ]
    storage = KafkaStorage(
        topic="random",
        brokers_ips=cluster.servers,
        idempotence=idempotence,
        queue_max_messages=20,
        extra_config={"message.timeout.ms": "300", **ONE_REQUEST},
    )
    seen = []

    with started(storage):
        for step in range(200):
            if chance.random() < 0.1:
                cluster.order(chance.choice(orders))
            storage.store(samples(5, first=5 * step), "metrics")
            time.sleep(0.01)
            seen.append(told(storage))
        cluster.order("up 1")
        wait_until(lambda: told(storage)["queue_messages"] == 0)
        end = told(storage)

    counted = count(cluster.servers, "random")
    assert all(map(is_balanced, seen))
    assert end["samples_delivered"] + end["samples_lost"] == 1000
    assert counted["values"] >= end["samples_delivered"]
