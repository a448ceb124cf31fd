"""Lines and values of a replay: any value has its text, and equal values the same one."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_record.replaying.feeding import Moment
from wca_record.replaying.json_lines import json_line, moment
from wca_record.replaying.pacing import FASTEST, Pacing, speed_of
from wca_record.replaying.plain_values import as_json_value, as_text
from wca_record.replaying.result import Finding, ReplayedStep, Wish
from wca_record.replaying.text_lines import text_lines

from plugins.wca_record.tests.replay.given import LOAD, WEB
from wca_core.errors import ConfigurationError
from wca_core.model.allocation import AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.testing import make_task

SIMPLE = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner), st.dictionaries(st.text(), inner), st.frozensets(st.integers() | st.text())
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_is_valid_json_and_a_text(value: object) -> None:
    text = json.dumps(as_json_value(value), allow_nan=False)

    assert json.loads(text) == as_json_value(value)
    assert isinstance(as_text(value), str)


@given(st.lists(st.integers() | st.text() | st.floats(allow_nan=False), unique=True))
def test_a_set_has_one_order_however_it_was_made(members: list[int | str | float]) -> None:
    one, other = as_json_value(set(members)), as_json_value(frozenset(reversed(members)))

    assert one == other


def test_values_of_allocations_are_readable() -> None:
    values = [0.5, "0-3", frozenset({2, 1}), RDTAllocation(name="web", l3="L3:0=f"), math.inf, RDTAllocation()]

    assert [as_text(value) for value in values] == ["0.5", "0-3", "[1, 2]", "name=web l3=L3:0=f", "inf", "{}"]


class Unshowable:
    """A value whose `repr` raises."""

    def __repr__(self) -> str:
        raise ValueError


def test_a_value_that_cannot_be_shown_harms_nobody() -> None:
    assert as_json_value(Unshowable()) == "something of type Unshowable"


@given(st.text())
def test_a_time_is_a_moment_or_refused(text: str) -> None:
    try:
        found = Moment.of(text)
    except ConfigurationError:
        return
    assert (found.seconds is None) != (found.unix is None)


@given(st.floats(min_value=0.001, max_value=1e6))
def test_a_speed_is_a_multiple_of_real_time(speed: float) -> None:
    assert speed_of(str(speed)) == speed_of(f"{speed}x") == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "inf", "nan", "1xx", "0x"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="a multiple of real time"):
        speed_of(text)


def test_as_fast_as_it_goes_waits_for_nothing() -> None:
    Pacing(FASTEST).wait_for(1e9)


@pytest.mark.parametrize(
    ("unix", "text"),
    [(1_700_000_000.125, "2023-11-14T22:13:20.125Z"), (0.0, "1970-01-01T00:00:00.000Z"), (1e30, "1e+30")],
)
def test_a_time_is_told_in_utc(unix: float, text: str) -> None:
    assert moment(unix) == text


def step_of(*findings: Finding, wishes: tuple[Wish, ...] = ()) -> ReplayedStep:
    task = make_task("/x", task_id="id-1", name="name\n\x1b[2J")
    return ReplayedStep(number=1, now=0.0, seconds=0.0, tasks=(task, WEB), findings=findings, wishes=wishes)


def test_names_from_outside_are_harmless_on_a_terminal_and_intact_in_json() -> None:
    step = step_of(Finding("acme", Anomaly(contended_task_id="id-1", contending_task_ids=("ünknown",))))

    (line,) = text_lines(step)
    anomaly = json.loads(json_line(step))["anomalies"][0]

    assert line.endswith("anomaly acme: name??[2J [id-1] suffers, unknown resource: ünknown (not there)")
    assert (anomaly["victim"], anomaly["suspects"]) == ("id-1", ["ünknown"])


GRANTED = Wish(plugin="p", task_id="/web", type=AllocationType.CPU_QUOTA, value=0.5, granted=0.5)
REFUSED = replace(GRANTED, state="refused", granted=None, reason="too much", in_force=1.0)
CLAMPED = replace(GRANTED, state="clamped", granted=0.7, reason="a guard rail")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (GRANTED, "cpu_quota 0.5 (in force: unknown)"),
        (REFUSED, "cpu_quota 0.5, refused: too much (in force: 1.0)"),
        (CLAMPED, "cpu_quota 0.5, clamped to 0.7 by a guard rail (in force: unknown)"),
    ],
)
def test_a_wish_is_told_with_what_came_of_it(wish: Wish, said: str) -> None:
    (line,) = text_lines(step_of(wishes=(wish,)))

    assert line == f"    0.000s 1970-01-01T00:00:00.000Z wish p: /web: {said}"


def test_a_repeated_wish_is_no_line_but_stands_in_json() -> None:
    wish = replace(GRANTED, is_new=False)

    assert list(text_lines(step_of(wishes=(wish,)))) == []
    assert len(json.loads(json_line(step_of(wishes=(wish,))))["wishes"]) == 1


def test_the_context_of_an_anomaly_is_told_with_its_levels() -> None:
    anomaly = Anomaly(contended_task_id="/web", context=(LOAD.sample(1.5, WEB), LOAD.sample(2)))

    (line,) = text_lines(step_of(Finding("p", anomaly)))

    assert line.endswith("/web suffers, unknown resource (acme_load 1.5, acme_load 2)")
