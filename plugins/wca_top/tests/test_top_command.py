"""The command `wca top` as a process: lines in a pipe, a view on a pseudo-terminal, errors and exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cgroups import first_line, real_cgroups_or_skip
from tests.command import wca
from tests.terminals import has, terminal

ROOT = ["--root"] if os.geteuid() == 0 else []
WCA = [sys.executable, "-c", "from wca_core.cli import main; main()"]
OWN = ["top", *ROOT, "--no-lock", "--interval", "0.2"]
KINDS = {line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines()}
LINE = re.compile(r"\d\d:\d\d:\d\d  \d+ tasks?  CPU (-|[\d.]+) of \d+  memory [\d.]+[BKMGT] of [\d.]+[BKMGT]( .*)?")
BUSY = "print('ready', flush=True)\nwhile True: pass"

pytestmark = pytest.mark.skipif(not KINDS & {"cgroup", "cgroup2"}, reason="no cgroup hierarchy is mounted here")


def test_in_a_pipe_each_step_is_a_line() -> None:
    ran = wca(*OWN, "--count", "2")

    lines = ran.stdout.splitlines()
    assert (ran.returncode, len(lines)) == (0, 2)
    assert all(map(LINE.fullmatch, lines)), ran.stdout
    assert "CPU - of" in lines[0]
    assert "CPU - of" not in lines[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_lines_with_0(number: signal.Signals) -> None:
    with subprocess.Popen([*WCA, *OWN], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first_line(process)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 0
    assert b"Traceback" not in said


def test_whoever_reads_the_lines_may_have_enough() -> None:
    with subprocess.Popen([*WCA, *OWN], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert process.returncode == 0
    assert b"Error" not in said


def test_a_plugin_that_is_not_installed_ends_it_with_1() -> None:
    ran = wca(*OWN, "--plugins", "nonsense")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "nothing installed answers to 'nonsense'" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--connect", "a b"], "http://HOST:PORT expected"),
        (["--connect", "127.0.0.1:1", "--plugins", "local"], "leave out what is to be run"),
        (["--connect", "127.0.0.1:1", "--host-root", "/proc"], "leave out --no-lock and --host-root"),
        (["--connect", "127.0.0.1:1", "--count", "1", "--interval", "0.1"], "127.0.0.1:1 does not answer"),
        (["--root", "--token-file", "/nope"], "the token is for --connect"),
        (["--plugins", "log"], "log would write into the view"),
    ],
)
def test_what_cannot_be_watched_ends_with_1_and_why(arguments: list[str], complaint: str) -> None:
    ran = wca("top", *ROOT, *arguments)

    assert ran.returncode == 1
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_running_agent_is_watched() -> None:
    agent = [*WCA, "run", *ROOT, "--no-lock", "--interval", "0.1", "--set", "prometheus.listen=127.0.0.1:0"]
    with subprocess.Popen(agent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            url = process.stderr.readline().decode().split()[0]
            ran = wca("top", "--connect", url, "--interval", "0.1", "--count", "2")
        finally:
            process.kill()

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [bool(LINE.fullmatch(line)) for line in ran.stdout.splitlines()] == [True, True]


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root")
def test_root_without_permission_is_refused_as_wrong_usage() -> None:
    assert wca("top").returncode == 2


def test_on_a_terminal_it_shows_real_tasks_and_obeys_keys() -> None:
    with real_cgroups_or_skip() as cgroups:
        busy = cgroups.make("busy")
        first_line(busy.run(sys.executable, "-c", BUSY))
        with terminal(*WCA, *OWN, "--plugins", "static", "--set", f"static.tasks=[{busy.path}]") as screen:
            screen.wait_for(has("by CPU", "1 task ", "busy"))
            screen.press(b"\r")
            screen.wait_for(has("CPUs used"))
            screen.press(b"\x1b")
            screen.wait_for(has("by CPU"))
            screen.press(b"q")

            assert screen.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_on_a_terminal_a_signal_ends_it_and_leaves_the_terminal_as_it_was(number: signal.Signals) -> None:
    with terminal(*WCA, *OWN) as screen:
        screen.wait_for(has("by CPU"))
        screen.process.send_signal(number)

        assert screen.end() == 0
        assert b"\x1b[?1049l" in screen.written


def test_on_a_terminal_a_second_agent_is_told_after_the_view(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    holder = [*WCA, "run", *ROOT, "--without", "prometheus", "-l", "info"]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as first:
        try:
            if "ERROR" in first_line(first):
                pytest.skip("another agent runs on this host")
            with terminal("env", f"XDG_RUNTIME_DIR={tmp_path}", *WCA, "top", *ROOT) as screen:
                assert screen.end() == 1
                assert b"wca top --connect" in screen.written
        finally:
            first.terminate()
