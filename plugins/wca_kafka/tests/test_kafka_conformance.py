"""KafkaStorage keeps what is asked of every plugin, beside a broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wca_kafka.storage import KafkaStorage

from plugins.wca_kafka.tests.given import broker
from wca_core.testing import conformance

SERVERS: list[str] = []

TestConformance = conformance(KafkaStorage, topic="metrics", brokers_ips=lambda: list(SERVERS))


@pytest.fixture(scope="module", autouse=True)
def running_broker() -> Iterator[None]:
    """Without one, each instance would wait for it for seconds when it is stopped."""
    with broker() as started:
        SERVERS[:] = started.servers
        yield
