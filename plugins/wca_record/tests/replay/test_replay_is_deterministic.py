"""The same steps give the same bytes: again, and by way of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wca_record import RecordedStep, replay
from wca_record.replaying.json_lines import json_line
from wca_record.replaying.text_lines import text_lines

from plugins.wca_record.tests.replay.given import BATCH, WEB, Hungry, Wishing, quota, recorded, written

CPUS = st.floats(0, 4, allow_nan=False)
COURSES = st.lists(st.fixed_dictionaries({WEB.task_id: CPUS, BATCH.task_id: CPUS}), min_size=1, max_size=12)


def lines_of(source: Path | Iterable[RecordedStep]) -> list[str]:
    result = replay(source, [Hungry(), Wishing(wishes=[quota(0.5), quota("none", WEB)])])
    return [
        line
        for step in result.steps
        for line in (json_line(step, with_samples=True), *text_lines(step, with_samples=True))
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@settings(max_examples=40, deadline=None)
@given(course=COURSES)
def test_a_recording_gives_what_its_steps_give_and_gives_it_again(
    folder: Path, course: Sequence[Mapping[str, float]]
) -> None:
    steps = recorded(course, in_force=[quota(1.0)], memory=1e6)
    file = written(folder / "some.arrows", steps)

    assert lines_of(file) == lines_of(file) == lines_of(steps)
