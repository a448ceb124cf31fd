"""The audit log in a real file, beside a real transaction."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from tests.unreliable import KINDS, change_of, contents, made, write_of
from wca_core.audit import AuditLog
from wca_core.file_write import FileWrite
from wca_core.host import Host
from wca_core.journal import Journal, restore
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.statistics import Statistics
from wca_core.model.write import Change, Write
from wca_core.transaction import Bounds, Transaction

ORIGINAL = {"a/x": "1\n", "a/y": "2\n", "b/x": "3\n"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return made(tmp_path / "cgroups", ORIGINAL)


def audited(directory: Path, *writes: Write) -> tuple[Host, list[dict[str, object]]]:
    host = Host(name="node1")
    log = AuditLog(str(directory / "audit.log"), host)
    Transaction(None, log, host.statistics, bounds=Bounds()).apply(writes)
    log.close()
    lines = (directory / "audit.log").read_text().splitlines()
    return host, [json.loads(line) for line in lines]


def test_the_audit_log_has_a_line_for_each_attempt_and_its_undoing(files: Path, tmp_path: Path) -> None:
    _, records = audited(tmp_path, write_of(files / "a/x", "9"), write_of(files / "a/missing", "9"))

    assert [(one["action"], one["place"], one["result"]) for one in records] == [
        ("do", f"{files}/a/x", "ok"),
        ("undo", f"{files}/a/x", "ok"),
    ]


def test_a_record_of_the_audit_log_tells_all_about_a_write(files: Path, tmp_path: Path) -> None:
    task = change_of("task").task
    wanted, in_force = (Allocation("task", AllocationType.CPU_SHARES, value) for value in (0.5, 1.0))
    change = Change(task, wanted, in_force, requested=0.1, plugin="static-allocator")

    _, records = audited(tmp_path, FileWrite(f"{files}/a/x", b"9", change))

    record = records[0]
    assert record.pop("duration_ms") >= 0  # type: ignore[operator]
    assert str(record.pop("time")).endswith("+00:00")
    assert record == {
        "iteration": 0,
        "host": "node1",
        "version": record["version"],
        "action": "do",
        "plugin": "static-allocator",
        "task_id": "task",
        "task_name": "task",
        "cgroup": "/task",
        "type": "cpu_shares",
        "old": 1.0,
        "new": 0.5,
        "requested": 0.1,
        "place": f"{files}/a/x",
        "before": "1",
        "after": "9",
        "result": "ok",
    }


@pytest.mark.parametrize("value", [{(1, 2): 3}, 10**5000, object, {1, 2}, ("0", {"a": b"x"})], ids=lambda _: "value")
def test_a_value_that_json_cannot_show_stands_as_text(files: Path, tmp_path: Path, value: object) -> None:
    wanted = Allocation("task", AllocationType.CPU_SHARES, 0.5)
    change = Change(change_of("task").task, wanted, None, requested=value, plugin="odd")

    host, (record,) = audited(tmp_path, FileWrite(f"{files}/a/x", b"9", change))

    assert (record["plugin"], record["new"], record["result"], host.statistics.audit_errors) == ("odd", 0.5, "ok", 0)
    assert record["requested"]


def test_only_its_owner_and_group_can_read_the_audit_log(files: Path, tmp_path: Path) -> None:
    audited(tmp_path, write_of(files / "a/x", "9"))

    assert (tmp_path / "audit.log").stat().st_mode & 0o777 == 0o640


def test_the_audit_log_goes_on_in_a_new_file_after_it_was_rotated(files: Path, tmp_path: Path) -> None:
    host = Host()
    log = AuditLog(str(tmp_path / "audit.log"), host)
    transaction = Transaction(None, log, host.statistics, bounds=Bounds())

    transaction.apply([write_of(files / "a/x", "9")])
    (tmp_path / "audit.log").rename(tmp_path / "audit.log.1")
    transaction.apply([write_of(files / "a/x", "8")])
    log.reopen()
    transaction.apply([write_of(files / "a/x", "7")])
    log.close()

    assert len((tmp_path / "audit.log.1").read_text().splitlines()) == 2
    assert len((tmp_path / "audit.log").read_text().splitlines()) == 1


@pytest.mark.parametrize("kind", ["full", "directory", "pipe", "nowhere"])
def test_an_audit_log_that_cannot_be_written_is_counted_and_told_once_and_keeps_nothing_from_being_written(
    files: Path, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = {"full": Path("/dev/full"), "nowhere": tmp_path / "missing" / "log"}.get(kind, tmp_path / "log")
    if kind == "directory":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    host = Host()
    transaction = Transaction(None, AuditLog(str(path), host), host.statistics, bounds=Bounds())

    with caplog.at_level(logging.ERROR):
        transaction.apply([write_of(files / "a/x", "9"), write_of(files / "b/x", "9")])

    assert contents(files) == ORIGINAL | {"a/x": "9", "b/x": "9"}
    assert host.statistics.audit_errors == 2
    assert len(caplog.records) == 1


def test_a_restore_is_audited_too(files: Path, tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "journal"), "boot", KINDS)
    Transaction(journal, None, Statistics(), bounds=Bounds()).apply([write_of(files / "a/x", "9")])
    log = AuditLog(str(tmp_path / "audit.log"), Host())

    restore(journal, audit=log)

    record = json.loads((tmp_path / "audit.log").read_text())
    assert (record["action"], record["task_id"], record["type"]) == ("restore", "task", "cpu_shares")
    assert (record["before"], record["after"], record["result"]) == ("9", "1", "ok")
