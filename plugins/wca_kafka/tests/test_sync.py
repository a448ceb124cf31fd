"""Mode sync: every message is confirmed in time, or the call says that it was not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

import pytest
from wca_kafka.accounting import Account
from wca_kafka.direct import Direct
from wca_kafka.encoder import Encoder
from wca_kafka.link import Failure, Report
from wca_kafka.messages import Batch
from wca_kafka.storage import KafkaStorage
from wca_kafka.writers import Layout

from plugins.wca_kafka.tests.given import (
    PRODUCE,
    TOO_LARGE,
    Broker,
    broker,
    consumed,
    is_balanced,
    samples,
    started,
    told,
    wait_until,
)
from plugins.wca_kafka.tests.scripted import ScriptedLink
from wca_core.errors import ConfigurationError, FailedDeliveryException


@pytest.fixture
def cluster() -> Iterator[Broker]:
    with broker() as running:
        yield running


@pytest.fixture
def storage(cluster: Broker) -> Iterator[KafkaStorage]:
    storage = KafkaStorage(
        topic="t", brokers_ips=cluster.servers, mode="sync", max_timeout_in_seconds=1.0, max_message_bytes=1000
    )
    with started(storage):
        wait_until(lambda: _is_stored(storage, 1000))
        yield storage


def values(cluster: Broker) -> list[int]:
    lines = [line for message in consumed(cluster.servers, "t") for line in message["value"].splitlines()]
    return sorted(int(line.split()[-2]) for line in lines if not line.startswith("#"))


def test_all_messages_are_confirmed_when_the_call_returns(cluster: Broker, storage: KafkaStorage) -> None:
    storage.store(samples(100), "metrics")

    assert told(storage)["samples_delivered"] == 101
    assert values(cluster) == [*range(100), 1000]


def test_a_message_that_timed_out_does_not_arrive_later(cluster: Broker, storage: KafkaStorage) -> None:
    cluster.order("down 1")
    with pytest.raises(FailedDeliveryException, match=r"message 1 of \d+ for t was not delivered: timeout after 1 s"):
        storage.store(samples(100), "metrics")

    cluster.order("up 1")
    wait_until(lambda: _is_stored(storage, 7))

    assert set(values(cluster)) == {1000, 7}
    assert is_balanced(told(storage))
    assert told(storage)["messages_failed.timeout"] >= 1
    assert told(storage)["messages_dropped.left_out"] >= 1


def _is_stored(storage: KafkaStorage, value: int) -> bool:
    try:
        storage.store(samples(1, first=value), "metrics")
    except FailedDeliveryException:
        return False
    return True


def test_a_refused_message_is_told_and_the_next_call_succeeds(cluster: Broker, storage: KafkaStorage) -> None:
    cluster.order(f"errors {PRODUCE} {TOO_LARGE} 1")

    with pytest.raises(FailedDeliveryException, match="MSG_SIZE_TOO_LARGE"):
        storage.store(samples(1, first=5), "metrics")
    storage.store(samples(1, first=6), "metrics")

    assert values(cluster) == [6, 1000]
    assert told(storage)["messages_failed.msg_size_too_large"] == 1


def test_a_call_takes_no_longer_than_its_whole_time(cluster: Broker, storage: KafkaStorage) -> None:
    cluster.order("latency 1 400")

    with pytest.raises(FailedDeliveryException, match="timeout"):
        storage.store(samples(200), "metrics")

    numbers = told(storage)
    assert numbers["messages_delivered"] < 7
    assert numbers["samples_delivered"] + numbers["samples_lost"] == 201
    assert is_balanced(numbers)


def test_the_agent_does_not_wait_for_it() -> None:
    assert not KafkaStorage(topic="t", mode="sync").stores_locally
    assert KafkaStorage(topic="t").stores_locally


class Emptying(ScriptedLink):
    """Full until it is flushed; then it delivers what it has, if it `answers`."""

    answers = True

    def flush(self, seconds: float) -> None:
        self.mood = "takes"
        while self.answers and self.taken:
            self.answer(None)


def direct(link_class: type[Emptying], total_budget: float = 0.2) -> tuple[Direct, Emptying, Account]:
    links: list[Emptying] = []
    account = Account("0", ["t"])
    encoder = Encoder("exposition", Layout(labels={}, limit=1000), "none", "refuse_batch")

    def connect(report: Report) -> Emptying:
        links.append(link_class(report))
        return links[0]

    return Direct(connect, encoder, account, 0.1, total_budget), links[0], account


def batch(number: int = 1) -> Batch:
    return Batch(samples(number), "metrics", "t", 0.0, 0.0)


def test_a_library_that_is_full_is_emptied_and_asked_once_more() -> None:
    sender, link, account = direct(Emptying)
    link.mood = "full"

    sender.send(batch())

    assert account.tallies()["t"].delivered == 1


def test_a_library_that_stays_full_fails_the_call() -> None:
    class Full(Emptying):
        def flush(self, seconds: float) -> None:
            """It empties nothing."""

    sender, link, account = direct(Full)
    link.mood = "full"

    with pytest.raises(FailedDeliveryException, match="the queue of the library is full"):
        sender.send(batch())

    assert account.tallies()["t"].dropped == {"queue_full": 1}


def test_a_call_that_is_under_way_at_the_end_sends_no_more_than_its_present_message() -> None:
    flushing, ended = Event(), Event()

    class Slow(Emptying):
        def flush(self, seconds: float) -> None:
            flushing.set()
            assert ended.wait(10)
            super().flush(seconds)

    sender, link, account = direct(Slow, total_budget=60)

    def call() -> None:
        with suppress(FailedDeliveryException):
            sender.send(batch(100))

    calling = Thread(target=call)
    calling.start()
    flushing.wait(10)
    stopping = Thread(target=sender.stop)
    stopping.start()
    while not sender.is_stopping:
        time.sleep(0.001)
    ended.set()
    stopping.join()
    calling.join()

    assert len(link.order) == 1
    tally = account.tallies()["t"]
    assert (tally.delivered, tally.queued, tally.samples_delivered + tally.samples_lost) == (1, 0, 100)


def test_a_report_that_comes_too_late_does_not_fail_the_next_call() -> None:
    class Forgetful(Emptying):
        def purge(self) -> None:
            """It still holds what it has."""

    sender, link, account = direct(Forgetful)
    link.answers = False
    with pytest.raises(FailedDeliveryException, match=r"timeout after 0\.1 s"):
        sender.send(batch())

    link.answer(Failure("msg_timed_out", "too late"))
    link.answers = True
    sender.send(batch())

    tally = account.tallies()["t"]
    assert (tally.delivered, dict(tally.failed), tally.queued) == (1, {"timeout": 1}, 0)


class Renewed(Emptying):
    """Waits in the midst of a message for `may_go_on`; tells after how many messages it was renewed."""

    lack = ""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.flushing, self.may_go_on = Event(), Event()
        self.renewals: list[int] = []

    def flush(self, seconds: float) -> None:
        self.flushing.set()
        assert self.may_go_on.wait(10)
        super().flush(seconds)

    def renew(self) -> None:
        self.renewals.append(len(self.order))
        if self.lack:
            raise ConfigurationError(self.lack)


def renewed_while_it_sends(lack: str = "") -> Renewed:
    """What became of a renewal that came in the midst of a message, and of the message after it."""
    sender, link, _ = direct(Renewed, total_budget=60)
    assert isinstance(link, Renewed)
    link.lack = lack
    calling = Thread(target=sender.send, args=[batch()])
    calling.start()
    assert link.flushing.wait(10)

    sender.renew()  # and does not wait for the message, which ends only now
    assert link.renewals == []
    link.may_go_on.set()
    calling.join()
    sender.send(batch())
    sender.send(batch())
    return link


def test_a_renewal_waits_for_no_broker_and_comes_before_the_next_batch() -> None:
    assert renewed_while_it_sends().renewals == [1]


def test_a_renewal_that_fails_later_is_told_and_the_next_batch_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    link = renewed_while_it_sends("no such file")

    assert (link.renewals, len(link.order)) == ([1], 3)
    assert caplog.text.count("cannot be read again: no such file") == 1


def test_a_renewal_while_nothing_is_sent_is_done_at_once_and_raises_what_is_wrong() -> None:
    sender, link, _ = direct(Renewed)
    assert isinstance(link, Renewed)
    link.may_go_on.set()

    sender.renew()
    assert link.renewals == [0]
    link.lack = "no such file"
    with pytest.raises(ConfigurationError, match="no such file"):
        sender.renew()
    sender.send(batch())
    assert link.renewals == [0, 0]
