"""An overview goes to another program and comes back the same, or is refused with its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import ContractError
from wca_core.overview import Event, Overview, TaskRow, as_json, from_json

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TASKS = st.builds(TaskRow, task_id=st.text(), name=st.text(), cpus=st.none() | NUMBERS, labels=st.just({"a": "b"}))
EVENTS = st.builds(
    Event, time=NUMBERS, kind=st.sampled_from(["anomaly", "allocation"]), text=st.text(), task_id=st.text()
)
OVERVIEWS = st.builds(
    Overview,
    time=NUMBERS,
    host=st.text(),
    cpus=st.none() | st.integers(1, 9999),
    io_pressure=st.none() | NUMBERS,
    tasks=st.lists(TASKS).map(tuple),
    events=st.lists(EVENTS).map(tuple),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["time", "host", "tasks", "events", "cpus"]), inner)
    ),
)


@given(OVERVIEWS)
def test_what_is_sent_is_what_is_read(overview: Overview) -> None:
    assert from_json(json.loads(json.dumps(as_json(overview)))) == overview


@given(ANYTHING)
def test_anything_else_is_refused_as_a_breach_of_the_contract(found: object) -> None:
    try:
        from_json(found)
    except ContractError:
        return


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"time": None}, "overview.time: a number expected, found NoneType"),
        ({"cpus": "2"}, "overview.cpus: a number or null expected, found str"),
        ({"host": 5}, "overview.host: a text expected, found int"),
        ({"tasks": {}}, "overview.tasks: a list expected, found dict"),
        ({"tasks": [5]}, r"tasks\[0\]: an object expected, found int"),
        ({"tasks": [{"task_id": "a", "name": "a"}]}, r"tasks\[0\].labels: an object of texts expected, found nothing"),
        ({"events": [{"kind": "end"}]}, r"events\[0\].kind: anomaly or allocation expected, found 'end'"),
        ({"io_pressure": float("inf")}, "overview.io_pressure: a finite number expected"),
    ],
)
def test_a_misfit_is_told_with_its_place(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ContractError, match=complaint):
        from_json({**as_json(Overview(time=1.0)), **change})


def test_fields_of_a_newer_agent_are_ignored() -> None:
    assert from_json({**as_json(Overview(time=1.0)), "new": 5}) == Overview(time=1.0)
