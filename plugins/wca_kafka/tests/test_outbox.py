"""What the two threads of mode async survive."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from wca_kafka.accounting import Account
from wca_kafka.encoder import Encoder
from wca_kafka.link import Report
from wca_kafka.messages import Batch, Message
from wca_kafka.outbox import Outbox
from wca_kafka.outgoing import Bounds
from wca_kafka.writers import Layout

from plugins.wca_kafka.tests.given import samples, wait_until
from plugins.wca_kafka.tests.scripted import ScriptedLink


@dataclass
class Answering(ScriptedLink):
    """Confirms all that it took; raises what is in `troubles` first."""

    troubles: list[Exception] = field(default_factory=list)
    flushes: int = 0

    def produce(self, message: Message) -> None:
        if self.troubles:
            raise self.troubles.pop()
        super().produce(message)

    def poll(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))
        while self.taken:
            self.answer(None)

    def flush(self, seconds: float) -> None:
        self.flushes += 1
        self.poll(0)


def outbox() -> tuple[Outbox, Answering, Account]:
    links: list[Answering] = []
    account = Account("0", ["t"])
    encoder = Encoder("exposition", Layout(labels={}, limit=1000), "none", "refuse_batch")

    def connect(report: Report) -> Answering:
        links.append(Answering(report))
        return links[0]

    return Outbox(connect, encoder, account, Bounds(100, 1 << 20), ("drop_oldest", 0.1)), links[0], account


def batch() -> Batch:
    return Batch(samples(1), "metrics", "t", 0.0, 0.0)


def test_what_nobody_expected_of_the_library_does_not_end_the_sending() -> None:
    sender, link, account = outbox()
    link.troubles.append(MemoryError())

    sender.send(batch())
    sender.send(batch())
    wait_until(lambda: account.tallies()["t"].delivered == 2)
    sender.stop()

    assert account.tallies()["t"].delivered == account.tallies()["t"].produced == 2


def test_a_library_that_holds_nothing_is_not_flushed_again_and_again() -> None:
    sender, link, account = outbox()
    link.mood = "broken"

    sender.send(batch())
    sender.stop()

    assert link.flushes == 0
    assert dict(account.tallies()["t"].dropped) == {"stopped": 1}
