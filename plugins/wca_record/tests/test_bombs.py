"""A small file that claims to hold very much is refused before memory is taken for it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict

import pyarrow as pa
import pytest
from wca_record import open_recording
from wca_record.schema import COLUMNS, METADATA_KEY, MOST_ROWS_READ
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, data, saved, step, usual
from wca_core.errors import ContractError
from wca_core.testing import make_task

WHOLE = data([usual(number) for number in range(4)])
ADDRESSES = 4_000_000_000
"""Address space of the process that reads: the library reserves most of it without using it."""
MEMORY = 1_000_000_000
"""That it may use."""
READS = """
import resource, sys
from wca_record import open_recording
recording = open_recording(sys.argv[1])
print(sum(1 for _ in recording.steps()), recording.trouble)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def rows(count, *, kind="value", number=0, text=None):
    """A batch of the same row again and again, which compresses to next to nothing."""

    def word(text):
        return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([text]))

    return pa.record_batch(
        [
            word(kind),
            pa.repeat(pa.scalar(1, pa.int64()), count),
            pa.repeat(pa.scalar(0, pa.timestamp("us", "UTC")), count),
            pa.array(number, pa.int32()) if isinstance(number, range) else pa.repeat(pa.scalar(0, pa.int32()), count),
            *[word(one) for one in ("task", "metric", "labels")],
            pa.repeat(pa.scalar(0.5), count),
            pa.repeat(pa.scalar(False), count),
            pa.nulls(count, pa.string()) if text is None else pa.repeat(pa.scalar(text), count),
        ],
        schema=COLUMNS,
    )


def bomb(folder, *batches):
    path = folder / "bomb.arrows"
    described = COLUMNS.with_metadata({METADATA_KEY: json.dumps(asdict(ABOUT)).encode()})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, described, options=options) as stream:
        for batch in batches:
            stream.write_batch(batch)
    return path


def read_in_little_memory(path):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))

    found = subprocess.run(
        [sys.executable, "-c", READS, str(path)], capture_output=True, text=True, preexec_fn=limit, timeout=100
    )
    assert found.returncode == 0, found.stderr
    told, memory = found.stdout.splitlines()
    assert int(memory) < MEMORY
    return told


@pytest.mark.parametrize(
    ("batch", "trouble"),
    [
        (lambda: rows(MOST_ROWS_READ + 1), "a chunk of 2000001 rows"),
        (lambda: rows(20, kind="task", text="x" * 20_000_000), "bytes unpacked; at most"),
        (lambda: rows(1, kind="tasks", text=" " * 20_000_000), "a definition of 20000000 characters"),
        (lambda: rows(1, kind="platform", text=" " * 20_000_000), "a definition of 20000000 characters"),
    ],
    ids=["rows", "bytes", "list", "platform"],
)
def test_a_chunk_that_claims_too_much_is_trouble(tmp_path, batch, trouble):
    path = bomb(tmp_path, batch())
    recording = open_recording(path)

    assert list(recording.steps()) == []
    assert trouble in recording.trouble
    assert path.stat().st_size < 1_000_000


def test_a_long_word_that_stands_in_every_row_is_not_written_out(tmp_path):
    path = bomb(tmp_path, rows(200_000, kind="k" * 100_000))

    assert read_in_little_memory(path) == "0 None"


def test_definitions_without_end_are_trouble(tmp_path):
    task = json.dumps({"task_id": "a", "name": "a" * 20_000, "cgroup_path": "/a", "labels": {}})
    starts = range(0, 30_000, 2_500)
    path = bomb(tmp_path, *[rows(2_500, kind="task", number=range(at, at + 2_500), text=task) for at in starts])

    assert "more is defined at a time than is read" in read_in_little_memory(path)


def test_a_length_unpacked_that_is_not_true_is_trouble(tmp_path):
    claimed = (1 << 40).to_bytes(8, "little")
    places = [at for at in range(len(WHOLE) - 12) if WHOLE[at + 8 : at + 12] == b"\x28\xb5\x2f\xfd"]  # zstd begins
    assert places

    for at in places:
        recording = open_recording(saved(tmp_path, WHOLE[:at] + claimed + WHOLE[at + 8 :]))
        assert len(list(recording.steps())) < 4
        assert "bytes unpacked; at most" in recording.trouble


def test_a_frame_longer_than_any_is_not_waited_for(tmp_path):
    path = saved(tmp_path, WHOLE[:-8] + b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\0" * 100)
    recording = open_recording(path)

    assert len(list(recording.steps())) == 4
    assert "a frame whose description has 2147483647 bytes" in recording.trouble


def test_the_writer_makes_no_chunk_that_would_not_be_read():
    writer = Writer(ABOUT)
    writer.add(step(0, tasks=[make_task("/a", name="é" * 45_000_000)]))  # six characters each in JSON

    assert writer.is_full
    with pytest.raises(ContractError, match="are more than is read again"):
        writer.taken()
