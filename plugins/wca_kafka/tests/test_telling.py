"""What the log says of troubles: each once, until it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
from wca_kafka.storage import KafkaStorage

from plugins.wca_kafka.tests.given import (
    UNKNOWN_TOPIC,
    Broker,
    all_confirmed,
    broker,
    samples,
    started,
    told,
    wait_until,
)
from wca_core.model.metric import Metric, Samples, Series, gauge


@pytest.fixture
def cluster() -> Iterator[Broker]:
    with broker() as running:
        yield running


def test_being_down_is_told_once_and_being_back_once(cluster: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with started(KafkaStorage(topic="states", brokers_ips=cluster.servers)) as storage:
        for number in range(1, 3):
            cluster.order("down 1")
            storage.store(samples(1), "metrics")
            wait_until(lambda number=number: caplog.text.count("_ALL_BROKERS_DOWN") == number)
            time.sleep(1)
            cluster.order("up 1")
            all_confirmed(storage, number)

    assert caplog.text.count("_ALL_BROKERS_DOWN") == 2
    assert caplog.text.count("messages are delivered again") == 2


def test_what_the_library_refuses_is_told_once(cluster: Broker, caplog: pytest.LogCaptureFixture) -> None:
    long = Series.of(Metric("long", "Long.", gauge), {"text": "x" * 1_100_000})

    with started(KafkaStorage(topic="long", brokers_ips=cluster.servers)) as storage:
        for _ in range(3):
            storage.store(Samples.of([long.at(1), *samples(2)]), "metrics")
        all_confirmed(storage, 3)

    assert caplog.text.count("messages are not delivered to long") == 1
    assert "is dropped" not in caplog.text


def test_a_topic_without_a_place_is_told_once_while_another_gets_its_messages(
    cluster: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cluster.order(f"topic-error missing {UNKNOWN_TOPIC}")
    storage = KafkaStorage(
        topic={"metrics": "missing", "anomalies": "other"},
        brokers_ips=cluster.servers,
        extra_config={"topic.metadata.propagation.max.ms": "100"},
    )

    with started(storage):
        for number in range(1, 6):
            storage.store(samples(1), "metrics")
            wait_until(lambda number=number: told(storage)["samples_lost"] == number)
            storage.store(samples(1), "anomalies")
            all_confirmed(storage, number)

    assert caplog.text.count("messages are not delivered to missing") <= 2  # the broker's word, and the library's
    assert "messages are delivered again" not in caplog.text
