"""How log records are written, and where they go."""

import json
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from wca_core import logs
from wca_core.errors import ConfigurationError
from wca_core.logs.formats import ColourFormatter, JournalFormatter, JsonFormatter, TextFormatter, priority

PROGRAM = """
import logging, sys
from wca_core import logs
logs.direct({style!r}, {file!r})
logs.configure({{"wca": "trace"}})
log = logging.getLogger("wca.test")
"""


def record(message: str, level: int = logging.WARNING, line: int = 1, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("wca.test", level, "/file.py", line, message, None, None)
    vars(made).update(more)
    return made


def failure() -> logging.LogRecord:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        return logging.LogRecord("wca.test", logging.ERROR, "/file.py", 1, "failed", None, sys.exc_info())


def test_lines_for_people_tell_how_often_the_same_was_not_written() -> None:
    assert TextFormatter().format(record("gone", again=3)).endswith("wca.test: gone (3 more of the same)")


def test_colour_is_around_the_level_only() -> None:
    assert "\033[33mWARNING\033[0m " in ColourFormatter().format(record("gone"))
    assert "\033" not in ColourFormatter().format(record("started", logging.INFO))


def test_every_line_in_the_journal_has_the_priority_of_its_record() -> None:
    lines = JournalFormatter().format(failure()).split("\n")

    assert lines[0] == "<3>{MainThread} wca.test: failed"
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)


@pytest.mark.parametrize(
    ("level", "number"),
    [("CRITICAL", 2), ("ERROR", 3), ("WARNING", 4), ("INFO", 6), ("DEBUG", 7), ("NOTSET", 7)],
)
def test_levels_are_priorities_of_syslog(level: str, number: int) -> None:
    assert priority(getattr(logging, level)) == number


def test_json_is_an_object_a_line_also_with_a_traceback() -> None:
    text = JsonFormatter().format(failure())

    fields = json.loads(text)
    assert "\n" not in text
    assert {name: fields[name] for name in ("level", "logger", "thread", "message")} == {
        "level": "error",
        "logger": "wca.test",
        "thread": "MainThread",
        "message": "failed",
    }
    assert fields["traceback"].endswith("ValueError: two\nlines")


def test_json_tells_the_time_in_utc_and_the_count() -> None:
    fields = json.loads(JsonFormatter().format(record("gone", again=2, created=0.0, msecs=7.0)))

    assert (fields["time"], fields["again"]) == ("1970-01-01T00:00:00.007Z", 2)


def process(program: str, stdout: int, style: str = "text", file: str | None = None, **environment: str) -> bytes:
    """Run a program with logging set up and `log`; what came on standard error."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "JOURNAL_STREAM")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(style=style, file=file) + program],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**kept, **environment},
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def through_pipe(program: str, style: str = "text", **environment: str) -> bytes:
    """What such a program wrote to a standard output that is a pipe."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    process(program, writing, style, **{k: v.format(stream=status) for k, v in environment.items()})
    os.close(writing)
    with open(reading, "rb") as pipe:
        return pipe.read()


def test_in_the_journal_priorities_stand_instead_of_the_time() -> None:
    text = through_pipe("log.error('a')", JOURNAL_STREAM="{stream.st_dev}:{stream.st_ino}")

    assert text == b"<3>{MainThread} wca.test: a\n"


@pytest.mark.parametrize("named", ["", "1:2", "{stream.st_dev}", "nonsense"])
def test_an_output_that_is_not_the_journal_has_the_time(named: str) -> None:
    assert through_pipe("log.error('a')", JOURNAL_STREAM=named).startswith(b"2")


def test_json_is_json_in_the_journal_too() -> None:
    text = through_pipe("log.error('a')", "json", JOURNAL_STREAM="{stream.st_dev}:{stream.st_ino}")

    assert json.loads(text)["message"] == "a"


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colour_unless_it_or_somebody_says_no(environment: dict[str, str], coloured: bool) -> None:
    outer, inner = pty.openpty()

    process("log.error('a')", inner, **environment)

    os.close(inner)
    text = os.read(outer, 4096)
    os.close(outer)
    assert (b"\033[31mERROR\033[0m" in text) is coloured
    assert b"wca.test: a" in text


def test_what_was_said_again_is_told_at_the_end_of_the_process() -> None:
    lines = through_pipe("for _ in range(5): log.error('a')").decode().splitlines()

    assert [line.partition("wca.test: ")[2] for line in lines] == ["a", "a (4 more of the same)"]


def test_a_log_file_grows_and_is_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "wca.log"

    for message in ("one", "two"):
        process(f"log.info({message!r})", subprocess.DEVNULL, file=str(path))

    assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()] == ["one", "two"]
    assert path.stat().st_mode & 0o007 == 0


def test_a_log_file_that_was_moved_away_is_written_anew_once_reopened(tmp_path: Path) -> None:
    path = tmp_path / "wca.log"
    moving = f"import os; os.rename({str(path)!r}, {str(path) + '.1'!r})"

    process(f"log.info('a'); {moving}; log.info('b'); logs.reopen(); log.info('c')", subprocess.DEVNULL, file=str(path))

    assert [line[-1] for line in (tmp_path / "wca.log.1").read_text().splitlines()] == ["a", "b"]
    assert [line[-1] for line in path.read_text().splitlines()] == ["c"]


def test_a_log_file_that_cannot_be_reopened_is_told_in_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "wca.log"
    path.parent.mkdir()
    moving = f"import os; os.rename({str(path.parent)!r}, {str(tmp_path / 'moved')!r})"

    process(f"{moving}; logs.reopen(); log.info('on')", subprocess.DEVNULL, file=str(path))

    lines = (tmp_path / "moved" / "wca.log").read_text().splitlines()
    assert "No such file or directory" in lines[0]
    assert lines[1].endswith("on")


def test_a_full_disk_costs_the_records_only() -> None:
    process("log.error('a'); log.error('b')", subprocess.DEVNULL, file="/dev/full")


@pytest.mark.parametrize("place", ["", "nowhere/wca.log"])
def test_a_log_file_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--log-file .*: a file expected that the agent may write to"):
        logs.direct("text", str(tmp_path / place))


def test_a_format_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="--log-format 'xml': one of text, json expected"):
        logs.direct("xml")


def test_a_handler_that_is_flushed_tells_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    output = logs.Output(logs.StandardOutput())
    for _ in range(3):
        output.emit(record("gone"))

    output.flush()

    assert [line.rpartition("gone")[2] for line in capsys.readouterr().out.splitlines()] == [
        "",
        " (2 more of the same)",
    ]
