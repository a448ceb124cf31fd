"""Levels, handlers and counts of log records."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from wca_core import logs
from wca_core.errors import ConfigurationError

MODULES = ("wca", "wca.test", "wca.test.inner", "acme")


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was written to standard output since it was last asked; the loggers are as before after the test."""
    monkeypatch.setattr(logs.counted, "warnings", type(logs.counted.warnings)())
    monkeypatch.setattr(logs.counted, "errors", type(logs.counted.errors)())
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in ("", *MODULES)}
    yield lambda: capsys.readouterr().out
    logs.configure({})
    for name in ("", *MODULES):
        logger = logging.getLogger(name)
        logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, logs.Output)]
        if logs.counted in logger.handlers:
            logger.removeHandler(logs.counted)
        logger.level, logger.propagate = before[name]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([], {}),
        (["debug"], {"wca": "debug"}),
        (["wca.test:WARNING", "Error"], {"wca.test": "WARNING", "wca": "Error"}),
        (["info", "debug"], {"wca": "debug"}),
    ],
)
def test_a_level_is_of_a_module_or_of_all(values: list[str], levels: dict[str, str]) -> None:
    assert logs.parse_levels(values) == levels


@pytest.mark.parametrize("value", ["loud", "wca:loud", "a:b:info", ":info", "wca:", ""])
def test_what_is_no_level_is_refused_with_the_levels_there_are(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"log level .* expected"):
        logs.parse_levels([value])


def test_a_record_has_its_time_level_thread_logger_and_message(said: Callable[[], str]) -> None:
    logs.configure({})
    logging.getLogger("wca.test").warning("something %d", 5)

    assert said().endswith(" WARNING  {MainThread} wca.test: something 5\n")


def test_the_command_line_goes_over_the_file_and_the_file_over_the_default(said: Callable[[], str]) -> None:
    logs.configure({"wca.test": "error"}, {"wca": "debug", "wca.test": "debug"})
    logging.getLogger("wca.test").warning("hidden")
    logging.getLogger("wca.other").debug("shown")

    text = said()
    assert "hidden" not in text
    assert "shown" in text


def test_what_is_set_up_twice_is_written_and_counted_once(said: Callable[[], str]) -> None:
    logs.configure({"wca.test": "info"})
    logs.configure({"wca.test": "info"}, {"wca.test.inner": "info"})
    logging.getLogger("wca.test.inner").warning("something")

    assert said().count("something") == 1
    assert logs.counted.warnings == {"wca.test.inner": 1}


def test_a_logger_that_is_no_longer_set_up_is_as_before(said: Callable[[], str]) -> None:
    logs.configure({"wca.test": "error"})
    logs.configure({})
    logging.getLogger("wca.test").info("shown")

    assert said().count("shown") == 1


def test_warnings_and_errors_are_counted_by_logger(said: Callable[[], str]) -> None:
    logs.configure({"wca": "error"})
    logging.getLogger("wca.test").error("one")
    logging.getLogger("wca.test").critical("two")
    logging.getLogger("wca").error("three")

    assert logs.counted.errors == {"wca.test": 2, "wca": 1}


def test_the_root_logger_may_be_set_up(said: Callable[[], str]) -> None:
    logs.configure({}, {"": "info"})
    logging.getLogger("acme").info("from elsewhere")

    assert "acme: from elsewhere" in said()


def test_trace_is_below_debug(said: Callable[[], str]) -> None:
    logs.configure({"wca": "trace"})
    logging.getLogger("wca.test").log(logs.TRACE, "read")

    assert " TRACE " in said()


def test_an_output_that_nobody_reads_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = io.StringIO()
    monkeypatch.setattr("sys.stdout", output)
    logs.configure({})
    output.close()
    logging.getLogger("wca.test").warning("nobody reads this")

    assert capsys.readouterr().err == ""


def test_the_loggers_can_be_listed(monkeypatch: pytest.MonkeyPatch, said: Callable[[], str]) -> None:
    monkeypatch.setenv("WCA_DUMP_LOGGERS", "True")

    logs.configure({"wca.test": "debug"})

    lines = {line.split()[0]: line for line in said().splitlines()}
    assert "DEBUG    handlers: Output, CountingHandler  propagates: False" in lines["wca.test"]


def test_two_words_for_the_root_logger_are_one_logger(said: Callable[[], str]) -> None:
    logs.configure({"": "info"}, {"root": "debug"})
    logging.getLogger("acme").info("from elsewhere")

    assert said().count("from elsewhere") == 1


def test_a_level_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean warning\?"):
        logs.parse_levels(["wca:warnin"])


def test_a_record_that_cannot_be_formatted_is_told_with_its_place(said: Callable[[], str]) -> None:
    logs.configure({})
    logging.getLogger("wca.test").warning("%d tasks", "many")

    text = said()
    assert f"wca.test: {__file__}:" in text
    assert "logs what cannot be formatted: TypeError" in text


def process(program: str, stdout: int, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A process with this standard output and logging set up, in which `log` is a logger."""
    prepared = "import logging; from wca_core import logs; logs.configure({}); log = logging.getLogger('wca.test')"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", f"{prepared}; {program}"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**kept, **environment},
        timeout=60,
        check=False,
    )


def test_a_pipe_that_nobody_reads_is_neither_told_nor_an_exit_code() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = process("log.warning('one'); log.warning('two')", writing)

    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_without_a_standard_output_nothing_goes_to_standard_error() -> None:
    command = f'exec "{sys.executable}" -c "$1" >&-'
    program = "import logging; from wca_core import logs; logs.configure({}); logging.getLogger('wca').warning('one')"

    ended = subprocess.run(["sh", "-c", command, "sh", program], stderr=subprocess.PIPE, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_name_that_is_no_text_is_written_with_its_bytes() -> None:
    ended = process(r"log.warning('cgroup \udcff')", subprocess.PIPE, PYTHONIOENCODING="utf-8:strict")

    assert ended.stdout.endswith(rb"wca.test: cgroup \udcff" + b"\n")
