"""`wca-load` as a process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from wca_wrapper.load.target import Target, parse_target

from plugins.wca_wrapper.tests.load.servers import promptly, refusing, serving, silent
from wca_core.errors import ConfigurationError

COMMAND = (sys.executable, "-c", "from wca_wrapper.load.command import main; main()")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_it_asks_for_as_long_as_it_is_told() -> None:
    with serving(promptly) as port:
        ended = run(
            f"redis://127.0.0.1:{port}", "--rate", "step:50x1", "--duration", "1", "--keys", "3", "--arrivals", "even"
        )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "total_requests=49 " in ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("ftp://server",), "target 'ftp://server': SCHEME://HOST:PORT expected; schemes: redis, memcached, http"),
        (("redis://server", "--rate", "fast"), "rate 'fast'"),
        (("redis://server", "--arrivals", "late"), "arrivals 'late': even or poisson expected"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], complaint: str) -> None:
    ended = run(*arguments)

    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_who_does_not_listen_is_named() -> None:
    with serving(promptly) as port:
        pass

    ended = run(f"redis://127.0.0.1:{port}", "--patience", "0.3")

    assert ended.returncode == 1
    assert ended.stderr == f"wca-load: 127.0.0.1:{port}: no connection within 0.3 s: Connection refused\n"


def test_keys_that_cannot_be_set_end_it() -> None:
    with serving(refusing) as port:
        ended = run(f"redis://127.0.0.1:{port}", "--value_size", "7")

    assert ended.returncode == 1
    assert "the server refused to set key 0 to 7 bytes" in ended.stderr


def test_no_answer_at_all_is_a_failure() -> None:
    with serving(silent) as port:
        ended = run(f"http://127.0.0.1:{port}/", "--duration", "0.3", "--timeout", "0.2")

    assert ended.returncode == 1
    assert "no answer in time" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_the_total(number: signal.Signals) -> None:
    with (
        serving(promptly) as port,
        subprocess.Popen([*COMMAND, f"redis://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()

    assert first.startswith("rate=")
    assert "total_requests=" in rest
    assert process.returncode == 0


def test_targets_are_written_so() -> None:
    assert parse_target("redis://a") == Target("redis", "a", 6379)
    assert parse_target("memcached://10.0.0.1:11212") == Target("memcached", "10.0.0.1", 11212)
    assert parse_target("http://[::1]:8080/a?b=c") == Target("http", "::1", 8080, "/a?b=c")
    assert parse_target("http://[::1]:8080/").authority == "[::1]:8080"


@pytest.mark.parametrize("text", ["", "a:1", "redis://", "redis://a:b", "redis://a:70000", "redis://u@a", "http://a/ü"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="target"):
        parse_target(text)
