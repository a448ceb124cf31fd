from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from contextlib import contextmanager

import pytest
from wca_record import open_recording
from wca_record.filing import Filing, Ways
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, LOAD, step, told, usual
from wca_core.errors import StartError


def filing(path, **ways):
    return Filing(Ways(path=str(path), **{"chunk_seconds": 0.0, **ways}), lambda: Writer(ABOUT))


def read(path):
    recording = open_recording(path)
    return [told(one) for one in recording.steps()], recording.trouble


def test_with_a_time_of_zero_each_step_is_in_the_file_at_once(tmp_path):
    path = tmp_path / "r"
    files = filing(path)

    for number in range(3):
        files.add(usual(number))
        assert len(read(path)[0]) == number + 1

    files.end()
    assert read(path) == ([told(usual(number)) for number in range(3)], None)


def test_steps_wait_until_the_chunk_is_due(tmp_path):
    path = tmp_path / "r"
    files = filing(path, chunk_seconds=60)

    files.add(usual(0))
    before = path.stat().st_size
    files.end()

    assert before == 0
    assert len(read(path)[0]) == 1


def test_the_counts_are_those_of_the_file(tmp_path):
    path = tmp_path / "r"
    files = filing(path)

    for number in range(3):
        files.add(usual(number))
    files.end()

    assert (files.counts.steps, files.counts.dropped) == (3, 0)
    assert files.counts.bytes == path.stat().st_size


def test_without_a_step_there_is_no_file(tmp_path):
    filing(tmp_path / "r").end()

    assert list(tmp_path.iterdir()) == []


def test_without_a_step_nothing_is_overwritten(tmp_path):
    (tmp_path / "r").write_text("precious")

    filing(tmp_path / "r", overwrite=True).end()

    assert (tmp_path / "r").read_text() == "precious"


def test_a_shorter_recording_leaves_nothing_of_what_it_overwrites(tmp_path):
    (tmp_path / "r").write_bytes(bytes(100_000))
    files = filing(tmp_path / "r", overwrite=True)
    files.add(usual(0))
    files.end()

    assert read(tmp_path / "r") == ([told(usual(0))], None)


def test_only_the_user_may_read_the_file(tmp_path):
    files = filing(tmp_path / "r")
    files.add(usual(0))
    files.end()

    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_stays_unless_it_may_be_overwritten(tmp_path):
    path = tmp_path / "r"
    path.write_text("precious")

    with pytest.raises(StartError, match="exists: another file expected, or --overwrite"):
        filing(path)

    assert path.read_text() == "precious"
    files = filing(path, overwrite=True)
    files.add(usual(0))
    files.end()
    assert len(read(path)[0]) == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_is_not_followed(tmp_path, overwrite):
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "link").symlink_to(target)

    with pytest.raises(StartError, match="link"):
        filing(tmp_path / "link", overwrite=overwrite)

    assert target.read_text() == "precious"


def test_a_pipe_or_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(StartError, match="pipe"):
        filing(tmp_path / "pipe", overwrite=True)
    with pytest.raises(StartError, match="found a device or pipe"):
        filing("/dev/null", overwrite=True)


def test_a_directory_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StartError, match="No such file or directory"):
        filing(tmp_path / "no" / "r")


def test_two_do_not_record_into_one_file(tmp_path):
    path = tmp_path / "r"
    first = filing(path)
    first.add(usual(0))

    with pytest.raises(StartError, match="another process records into it"):
        filing(path, overwrite=True)

    first.end()
    assert len(read(path)[0]) == 1


def test_a_removed_file_is_told_once_and_begun_anew(tmp_path, caplog):
    path = tmp_path / "r"
    files = filing(path)
    files.add(usual(0))

    path.unlink()
    for number in range(1, 4):
        files.add(usual(number))
    files.end()

    assert caplog.text.count("was removed") == 1
    assert read(path) == ([told(usual(number)) for number in (2, 3)], None)


def test_a_renamed_file_is_ended_when_somebody_looks(tmp_path):
    path, older = tmp_path / "r", tmp_path / "r.1"
    files = filing(path)
    files.add(usual(0))
    path.rename(older)
    files.add(usual(1))

    files.look()
    files.add(usual(2))
    files.end()

    assert read(older) == ([told(usual(number)) for number in (0, 1)], None)
    assert read(path) == ([told(usual(2))], None)


def test_looking_changes_nothing_while_the_file_is_in_its_place(tmp_path):
    files = filing(tmp_path / "r")
    files.add(usual(0))

    files.look()
    files.add(usual(1))
    files.end()

    assert len(read(tmp_path / "r")[0]) == 2


def test_the_recording_ends_before_it_is_too_large(tmp_path, caplog):
    path = tmp_path / "r"
    files = filing(path, max_bytes=12_000)

    for number in range(50):
        files.add(usual(number))
    files.end()

    found, trouble = read(path)
    assert trouble is None
    assert 0 < len(found) < 50
    assert path.stat().st_size <= 12_000
    assert files.is_ended
    assert caplog.text.count("larger than 12000 bytes") == 1
    assert files.counts.dropped + files.counts.steps >= 50


def test_a_value_that_cannot_be_told_ends_the_recording_and_not_the_agent(tmp_path, caplog):
    path = tmp_path / "r"
    files = filing(path)
    files.add(usual(0))

    files.add(step(1, [LOAD.sample("many")]))
    files.add(usual(2))
    files.end()

    assert "step 1 cannot be told" in caplog.text
    assert read(path) == ([told(usual(0))], None)


@contextmanager
def small_disk(folder, size):
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.mount(b"none", bytes(folder), b"tmpfs", 0, f"size={size}".encode()):
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield
    finally:
        libc.umount2(bytes(folder), 2)


def test_a_full_disk_costs_steps_and_when_there_is_room_the_recording_goes_on(tmp_path, caplog):
    path = tmp_path / "r"
    with small_disk(tmp_path, 64 * 1024):
        ballast = tmp_path / "ballast"
        ballast.write_bytes(bytes(44 * 1024))
        files = filing(path)
        for number in range(40):
            files.add(usual(number))
        full = files.counts.dropped
        ballast.unlink()
        for number in range(40, 45):
            files.add(usual(number))
        files.end()
        found, trouble = read(path)

    assert full > 0
    assert trouble is None
    assert caplog.text.count(os.strerror(errno.ENOSPC)) == 1
    assert len(found) == 45 - full == files.counts.steps
    assert found[-5:] == [told(usual(number)) for number in range(40, 45)]


def test_what_is_left_of_a_full_disk_can_be_read(tmp_path):
    path = tmp_path / "r"
    with small_disk(tmp_path, 16 * 1024):
        files = filing(path)
        for number in range(60):
            files.add(usual(number))
        files.end()
        found, _ = read(path)

    assert found == [told(usual(number)) for number in range(len(found))]
    assert len(found) > 3


def test_the_lock_goes_with_the_file(tmp_path):
    files = filing(tmp_path / "r")
    files.add(usual(0))
    files.end()

    with open(tmp_path / "r", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
