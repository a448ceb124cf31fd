"""Nothing that is to be sent leaves the account: produced = delivered + failed + dropped + queued."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from wca_kafka.accounting import Account
from wca_kafka.fields import Overflow
from wca_kafka.link import Failure, Report
from wca_kafka.messages import Message
from wca_kafka.outgoing import Bounds, Outgoing

from plugins.wca_kafka.tests.scripted import ScriptedLink


def message(size: int, samples: int) -> Message:
    return Message("t", [b"x" * size], None, [], 0, samples, 0.0, size)


ACTIONS = some.lists(
    some.tuples(some.just("add"), some.integers(1, 40))
    | some.tuples(some.sampled_from(["takes", "full", "refuses", "broken", "deliver", "fail", "poll"]), some.just(0)),
    max_size=60,
)


@settings(deadline=None)
@given(ACTIONS, some.sampled_from(["drop_oldest", "drop_newest"]), some.integers(1, 12), some.integers(1, 200))
def test_the_account_is_balanced_whatever_fails(
    actions: list[tuple[str, int]], overflow: Overflow, most: int, most_bytes: int
) -> None:
    links: list[ScriptedLink] = []
    account = Account("0", ["t"])

    def connect(report: Report) -> ScriptedLink:
        links.append(ScriptedLink(report))
        return links[0]

    outgoing = Outgoing(connect, account, Bounds(most, most_bytes), overflow, progress=0)
    [link] = links
    samples = 0
    for action, size in actions:
        if action == "add":
            samples += size
            outgoing.add(message(size, size))
        elif action in ("deliver", "fail"):
            link.answer(None if action == "deliver" else Failure("msg_timed_out", "too late"))
        elif action == "poll":
            outgoing.poll(0)
        else:
            link.mood = action
        assert_balanced(account, samples)
        assert account.queued[0] <= most
        assert account.queued[1] <= max(most_bytes, 40)
    outgoing.give_up()

    assert account.queued == (0, 0)
    assert_balanced(account, samples)
    sent = [id(one) for one in link.order]
    assert len(sent) == len(set(sent))


def assert_balanced(account: Account, samples: int) -> None:
    tally = account.tallies()["t"]
    lost = tally.failed.total() + tally.dropped.total()
    assert tally.produced == tally.delivered + lost + tally.queued
    assert tally.samples_delivered + tally.samples_lost <= samples
    if not tally.queued:
        assert tally.samples_delivered + tally.samples_lost == samples


@settings(deadline=None)
@given(some.lists(some.integers(1, 5), min_size=1, max_size=40), some.integers(4, 20))
def test_the_oldest_of_those_that_wait_are_dropped_and_order_is_kept(sizes: list[int], most: int) -> None:
    links: list[ScriptedLink] = []
    account = Account("0", ["t"])

    def connect(report: Report) -> ScriptedLink:
        links.append(ScriptedLink(report))
        return links[0]

    outgoing = Outgoing(connect, account, Bounds(most, 10_000), "drop_oldest", progress=0)
    messages = [message(size, size) for size in sizes]
    for one in messages:
        outgoing.add(one)
    window = len(links[0].taken)
    while account.queued[0]:
        links[0].answer(None)
        outgoing.poll(0)

    kept = messages if len(messages) <= most else messages[:window] + messages[window - most :]
    assert links[0].order == kept
