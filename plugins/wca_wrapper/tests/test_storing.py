"""Handing updates to outputs: attempts, giving up, slowness, and what is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper import Measurement
from wca_wrapper.ending import Ending
from wca_wrapper.measurement import samples_of
from wca_wrapper.newest import MOST_SERIES, Newest
from wca_wrapper.storing import MOST_PENDING, Deliveries, Delivery, Update
from wca_wrapper.tally import Tally

from tests.cgroups import wait_until
from wca_core import FailedDeliveryException

AT_ONCE = (0.0, 0.0, 0.0, 0.0)


class Output:
    """Fails as often as it is told to; waits while it is told to."""

    name = "test"

    def __init__(
        self, failures: int = 0, error: Exception | None = None, *, shows_state: bool = False, forgets: bool = False
    ) -> None:
        self.shows_state = shows_state
        self.forgets = forgets
        self.failures = failures
        self.error = error or FailedDeliveryException("the broker is away")
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.attempts: list[Update] = []
        self.stored: list[Update] = []
        self.refreshed = 0
        self.is_stopped = False

    def store(self, update: Update) -> None:
        self.attempts.append(update)
        assert self.may_go_on.wait(30)
        if len(self.attempts) <= self.failures:
            raise self.error
        self.stored.append(update)

    def refresh(self) -> None:
        self.refreshed += 1

    def stop(self) -> None:
        self.is_stopped = True


def updates(count: int) -> list[Update]:
    return [samples_of([Measurement("x", float(number))])[0] for number in range(count)]


def delivered(output: Output, given_up: Callable[[], None] | None, *all_updates: Update) -> Tally:
    tally = Tally()
    delivery = Delivery(output, tally, given_up, AT_ONCE)
    for update in all_updates:
        delivery.put(update)
    assert Deliveries([delivery]).finish(30)
    return tally


def test_a_failed_delivery_is_tried_five_times_in_all() -> None:
    output, (update,) = Output(failures=4), updates(1)

    tally = delivered(output, None, update)

    assert (output.attempts, output.stored, tally.dropped_updates) == ([update] * 5, [update], 0)
    assert output.is_stopped


@pytest.mark.parametrize("error", [FailedDeliveryException("away"), OSError(28, "No space left on device")])
def test_a_delivery_that_fails_five_times_is_given_up(error: Exception) -> None:
    output, given_up = Output(failures=5, error=error), threading.Event()

    tally = delivered(output, given_up.set, *updates(1))

    assert (len(output.attempts), output.stored, tally.dropped_updates) == (5, [], 1)
    assert given_up.is_set()


def test_failures_that_are_ignored_cost_their_update_only() -> None:
    output, (first, second) = Output(failures=5), updates(2)

    tally = delivered(output, None, first, second)

    assert (output.stored, tally.dropped_updates) == ([second], 1)


def test_any_other_error_costs_its_update_and_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    output, (first, second) = Output(failures=1, error=ValueError("bug")), updates(2)
    given_up = threading.Event()

    tally = delivered(output, given_up.set, first, second)

    assert (output.attempts, output.stored, tally.dropped_updates) == ([first, second], [second], 1)
    assert not given_up.is_set()
    assert "output test loses an update" in caplog.text


def test_while_an_output_is_slow_a_hundred_updates_wait_and_older_ones_are_dropped() -> None:
    output, tally, all_updates = Output(), Tally(), updates(MOST_PENDING + 6)
    output.may_go_on.clear()
    delivery = Delivery(output, tally, None, AT_ONCE)
    delivery.put(all_updates[0])
    wait_until(lambda: bool(output.attempts), "the first is not tried")

    for update in all_updates[1:]:
        delivery.put(update)
    output.may_go_on.set()

    assert Deliveries([delivery]).finish(30)
    assert output.stored == [all_updates[0], *all_updates[6:]]
    assert tally.dropped_updates == 5


def test_an_output_that_shows_the_last_values_skips_updates_and_loses_none() -> None:
    output, tally, all_updates = Output(shows_state=True), Tally(), updates(500)
    output.may_go_on.clear()
    delivery = Delivery(output, tally, None, AT_ONCE)
    delivery.put(all_updates[0])
    wait_until(lambda: bool(output.attempts), "the first is not tried")

    for update in all_updates[1:]:
        delivery.put(update)
    output.may_go_on.set()

    assert Deliveries([delivery]).finish(30)
    assert output.stored == [all_updates[0], all_updates[-1]]
    assert tally.dropped_updates == 0


def test_who_cannot_wait_ends_the_attempts() -> None:
    output, tally = Output(failures=100), Tally()
    delivery = Delivery(output, tally, None, (3600.0,) * 4)
    delivery.put(updates(1)[0])
    wait_until(lambda: bool(output.attempts), "it is not tried")

    delivery.hurry()

    assert Deliveries([delivery]).finish(30)
    assert tally.dropped_updates == 1


def test_an_output_that_hangs_is_left_behind() -> None:
    output = Output()
    output.may_go_on.clear()
    delivery = Delivery(output, Tally(), None, AT_ONCE)
    delivery.put(updates(1)[0])

    assert not Deliveries([delivery]).finish(0.05)
    output.may_go_on.set()


def test_an_output_that_forgets_is_reminded_from_time_to_time() -> None:
    output = Output(forgets=True)
    delivery = Delivery(output, Tally(), None, AT_ONCE)

    wait_until(lambda: output.refreshed > 0, "it is not reminded")

    assert Deliveries([delivery]).finish(30)


def test_of_measurements_with_one_name_and_labels_the_last_is_stored() -> None:
    given = [Measurement("x", 1.0, {"a": "b"}), Measurement("x", 2.0), Measurement("x", 3.0, {"a": "b"})]

    samples, refused = samples_of(given)

    assert {(one.series.free_labels, one.value) for one in samples} == {((("a", "b"),), 3.0), ((), 2.0)}
    assert refused == 0


@pytest.mark.parametrize(
    "one",
    [
        *(Measurement("1x", 1.0), Measurement("größe", 1.0), Measurement("x", float("nan")), Measurement("", 1.0)),
        *(Measurement("x", 1.0, {"a-b": "c"}), Measurement("x", 1.0, {"a": 5})),  # type: ignore[dict-item]
    ],
)
def test_a_measurement_that_cannot_be_written_is_counted_and_left_out(one: Measurement) -> None:
    samples, refused = samples_of([one, Measurement("y", 2.0)])

    assert ([sample.name for sample in samples], refused) == (["y"], 1)


def test_values_that_are_too_old_are_forgotten() -> None:
    now = [0.0]
    newest = Newest(10.0, lambda: now[0])
    samples, _ = samples_of([Measurement("x", 1.0), Measurement("y", 2.0)])

    newest.add(samples)
    now[0] = 8.0
    newest.add(samples[:1])
    now[0] = 11.0

    assert [one.name for one in newest.samples()] == ["x"]


def test_without_a_time_to_live_nothing_is_forgotten_until_there_is_too_much() -> None:
    now = [0.0]
    newest = Newest(0.0, lambda: now[0])
    for number in range(MOST_SERIES + 10):
        now[0] += 1
        newest.add(samples_of([Measurement("x", 1.0, {"at": str(number)})])[0])

    assert [one.labels["at"] for one in newest.samples()] == [str(number) for number in range(10, MOST_SERIES + 10)]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.floats(allow_nan=False)), max_size=30))
def test_the_newest_value_of_everything_is_shown(pairs: list[tuple[str, float]]) -> None:
    newest = Newest()
    for name, value in pairs:
        newest.add(samples_of([Measurement(name, value)])[0])

    assert {one.name: one.value for one in newest.samples()} == dict(pairs)


def test_an_ending_waits_then_asks_then_kills_then_gives_up() -> None:
    now = [100.0]
    ending = Ending(5.0, lambda: now[0])
    assert ending.remaining is None

    ending.begin()
    told = []
    for _ in range(3):
        assert ending.remaining == 5.0
        now[0] += 5.0
        told.append(ending.due())

    assert told == [15, 9, None]
    assert ending.is_over


def test_an_ending_at_once_does_not_wait_and_does_not_begin_again() -> None:
    now = [100.0]
    ending = Ending(5.0, lambda: now[0])
    ending.begin()

    ending.begin(at_once=True)
    assert ending.remaining == 0
    assert ending.due() == 15
    ending.begin(at_once=True)

    assert ending.remaining == 5.0
