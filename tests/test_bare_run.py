"""`wca run` with nothing asked for: an endpoint on this machine, and a summary of each step on standard error."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import wca
from tests.terminals import terminal

ROOT = ["--root"] if os.geteuid() == 0 else []
BARE = ["run", *ROOT, "--no-lock", "--interval", "0.1"]
ANY_PORT = ["--set", "prometheus.listen=127.0.0.1:0"]
COMMAND = [sys.executable, "-c", "from wca_core.cli import main; main()", *BARE]
KINDS = {line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines()}
START = re.compile(r"(http://127\.0\.0\.1:\d+)/? · Ctrl-C ends")
ERASURE = re.compile(rb"\x1b\[(\d+)A\r\x1b\[J")

pytestmark = pytest.mark.skipif(not KINDS & {"cgroup", "cgroup2"}, reason="no cgroup hierarchy is mounted here")


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """The agent with its standard error in a pipe, and what reads a line of that."""
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            yield process, process.stderr.readline
        finally:
            process.kill()


def test_it_tells_where_it_can_be_asked_and_then_a_line_for_each_step() -> None:
    with running(*ANY_PORT) as (process, line):
        start = START.fullmatch(line().rstrip())
        assert start
        first, second = line(), line()
        with urllib.request.urlopen(f"{start[1]}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        process.send_signal(signal.SIGINT)
        code = process.wait(30)

    assert "task_up{" in text
    assert "CPU - of" in first
    assert re.search(r"CPU [\d.]+ of \d+  memory .* of ", second)
    assert start[1] in second
    assert code == 0


def test_one_step_is_one_line() -> None:
    ran = wca(*BARE, *ANY_PORT, "--once")

    assert ran.returncode == 0
    assert len(ran.stderr.splitlines()) == 2
    assert "most memory " in ran.stderr


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = wca(*BARE, "--once", "--set", f"prometheus.listen={address}")

    assert ran.returncode == 1
    assert "the port is in use" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("without", "start"),
    [
        (["prometheus"], r"Ctrl-C ends\n.*CPU - of"),
        (["prometheus", "live"], "# HELP "),
        (["prometheus", "live", "vmstat", "zoneinfo", "psi"], "# HELP "),
    ],
)
def test_parts_can_be_left_out(without: list[str], start: str) -> None:
    ran = wca(*BARE, "--once", *(word for name in without for word in ("--without", name)))

    assert ran.returncode == 0
    assert re.match(start, ran.stderr)


def test_the_endpoint_without_the_summary_says_nothing_on_standard_error() -> None:
    ran = wca(*BARE, *ANY_PORT, "--once", "--without", "live")

    assert (ran.returncode, ran.stderr) == (0, "")


def test_with_a_plugin_named_the_samples_are_text_as_ever() -> None:
    ran = wca(*BARE, "--once", "--plugins", "local")

    assert ran.returncode == 0
    assert ran.stderr.startswith("# HELP ")


def test_on_a_terminal_each_step_is_drawn_over_the_one_before() -> None:
    with terminal(*COMMAND, *ANY_PORT) as screen:
        screen.wait_for(lambda written: len(ERASURE.findall(written)) >= 3)
        screen.process.send_signal(signal.SIGINT)

        assert screen.end() == 0
    _, height, *rest = ERASURE.split(screen.everything)
    views, heights = rest[::2], rest[1::2]
    assert int(height) > 4
    assert [int(height) for height in heights] == [view.count(b"\n") for view in views[:-1]]
    assert all(b"TASK" in view and b"memory " in view for view in views)


def test_on_a_terminal_without_control_sequences_each_step_is_a_line() -> None:
    with terminal("env", "TERM=dumb", *COMMAND, *ANY_PORT) as screen:
        screen.wait_for(lambda written: written.count(b" of ") >= 4)

        assert b"\x1b" not in screen.everything
