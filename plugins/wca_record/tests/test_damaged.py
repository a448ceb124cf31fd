from __future__ import annotations

import json
from itertools import accumulate

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wca_record import RecordingError, open_recording
from wca_record.schema import COLUMNS, METADATA_KEY

from plugins.wca_record.tests.given import data, pieces, saved, step, told, usual

STEPS = [usual(number, tasks=2 + number // 4) for number in range(10)]


def test_cut_off_anywhere_all_whole_chunks_are_read(tmp_path):
    few = STEPS[3:5]
    found = pieces(few, chunk=1)
    whole = b"".join(found)
    ends = list(accumulate(map(len, found)))
    near = {end + more for end in (0, *ends) for more in range(-20, 20)}

    for size in sorted({*range(0, len(whole), 5), *near} & {*range(len(whole))}):
        expected = sum(end <= size for end in ends[:-1])
        path = saved(tmp_path, whole[:size])
        try:
            recording = open_recording(path)
        except RecordingError:
            assert expected == 0
            continue
        steps = list(recording.steps())
        assert [told(one) for one in steps] == [told(one) for one in few[:expected]], size
        assert recording.trouble


def test_a_recording_that_was_not_ended_says_so(tmp_path):
    *chunks, _ = pieces(STEPS)
    recording = open_recording(saved(tmp_path, b"".join(chunks)))

    assert len(list(recording.steps())) == len(STEPS)
    assert "was not ended" in recording.trouble


WHOLE = data(STEPS)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_is_trouble_and_never_an_exception(tmp_path, place, byte):
    path = saved(tmp_path, WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])

    try:
        steps = list(open_recording(path).steps())
    except RecordingError:
        steps = []

    assert len(steps) <= len(STEPS)


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_bytes_are_refused(tmp_path, content):
    with pytest.raises(RecordingError, match="a recording of wca-record expected"):
        open_recording(saved(tmp_path, content))


def test_another_arrow_stream_is_refused(tmp_path):
    path = str(tmp_path / "other.arrows")
    with pa.ipc.new_stream(path, pa.schema([("a", pa.int64())])):
        pass

    with pytest.raises(RecordingError, match="found another Arrow stream"):
        open_recording(path)


def test_a_newer_format_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "newer.arrows"
    newer = json.dumps({"format": 2, "host": "h"})
    with pa.ipc.new_stream(str(path), COLUMNS.with_metadata({METADATA_KEY: newer.encode()})):
        pass

    with pytest.raises(RecordingError, match="format 2, this wca-record reads 1 to 1: install a newer wca-record"):
        open_recording(path)


ODD_HOST = '{"format": 1, "host": 7, "wca_version": "1", "started": 1.0}'
ODD_TIME = '{"format": 1, "host": "h", "wca_version": "1", "started": NaN}'


@pytest.mark.parametrize(
    "told_of_itself", ["", "[]", "{}", '{"format": "x"}', ODD_HOST, ODD_TIME, '{"format": 1}', '{"format": 0}']
)
def test_a_beginning_that_makes_no_sense_is_refused(tmp_path, told_of_itself):
    path = tmp_path / "odd.arrows"
    with pa.ipc.new_stream(str(path), COLUMNS.with_metadata({METADATA_KEY: told_of_itself.encode()})):
        pass

    with pytest.raises(RecordingError, match=r"odd\.arrows"):
        open_recording(path)


def test_columns_kinds_and_words_of_itself_that_were_added_are_passed_over(tmp_path):
    rows = pa.ipc.open_stream(WHOLE).read_all()
    weather = pa.Table.from_pylist([{**row, "kind": "weather"} for row in rows.slice(0, 1).to_pylist()], rows.schema)
    table = pa.concat_tables([weather, rows]).append_column("more", pa.array([1] * (len(rows) + 1)))
    metadata = json.loads(rows.schema.metadata[METADATA_KEY]) | {"more": 1}
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(metadata).encode()}).combine_chunks()
    path = tmp_path / "more.arrows"
    with pa.ipc.new_stream(str(path), table.schema) as stream:
        stream.write_batch(table.unify_dictionaries().combine_chunks().to_batches()[0])

    steps = list(open_recording(path).steps())

    assert len(steps) == len(STEPS)


def test_a_file_that_is_not_there_or_a_directory_is_told(tmp_path):
    with pytest.raises(RecordingError, match="expected: No such file"):
        open_recording(tmp_path / "none")
    with pytest.raises(RecordingError, match="found a directory"):
        open_recording(tmp_path)


@pytest.mark.parametrize("now", [float("nan"), float("inf")])
def test_a_time_that_no_clock_tells_is_trouble(tmp_path, now):
    recording = open_recording(saved(tmp_path, data([usual(0), step(1, now=now)], chunk=1)))

    assert len(list(recording.steps())) == 1
    assert "seconds expected" in recording.trouble
