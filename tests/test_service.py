"""`wca run` as a service: what systemd is told, the log file, what SIGUSR1 shows."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wca_core.testing import Machine

ROOT = ["--root"] if os.geteuid() == 0 else []
COMMAND = [sys.executable, "-c", "from wca_core.cli import main; main()", "run", "--no-lock", *ROOT]
HANGS = """
import time
from pathlib import Path
from wca_core import hookimpl, plugin

@plugin(api=1)
class Hangs:
    secret_word: str = "hunter2"
    @hookimpl
    def collect_metrics(self):
        (Path(__file__).parent / "hangs").touch()
        time.sleep(60)
"""


class Systemd:
    """The end of the socket where systemd listens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind("\0" + name[1:] if name.startswith("@") else name)
        self._ear.settimeout(30)

    def heard(self) -> list[str]:
        return self._ear.recv(4096).decode().split("\n")

    def heard_until(self, word: str) -> list[str]:
        """Everything up to the message with this word."""
        words: list[str] = []
        while word not in words:
            words += self.heard()
        return words

    def close(self) -> None:
        self._ear.close()


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(str(tmp_path / "notify") if request.param == "file" else f"@wca-test-{os.getpid()}")
    yield one
    one.close()


@pytest.fixture
def machine(tmp_path: Path) -> str:
    Machine(tmp_path / "machine").cgroup_v2("/a", {"cgroup.procs": "1\n", "cpu.stat": "usage_usec 1\n"})
    return str(tmp_path / "machine")


def started(machine: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "--host-root", machine, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_for(path: Path, text: str, process: subprocess.Popen[bytes]) -> str:
    """The content of a file once this stands in it."""
    deadline = time.monotonic() + 20
    while not path.exists() or text not in path.read_text():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return path.read_text()


def test_systemd_is_told_that_the_agent_is_ready_alive_and_stopping(systemd: Systemd, machine: str) -> None:
    process = started(machine, "--interval", "0.05", NOTIFY_SOCKET=systemd.name, WATCHDOG_USEC="120000000")

    first = systemd.heard()
    alive = [systemd.heard(), systemd.heard()]
    process.send_signal(signal.SIGTERM)
    last = systemd.heard_until("STOPPING=1")

    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert first == ["WATCHDOG=1", "READY=1", "STATUS=tasks: 1; steps that took too long: 0"]
    assert all("WATCHDOG=1" in words for words in alive)
    assert "READY=1" not in [word for words in [*alive, last] for word in words]


def test_an_agent_with_one_step_is_ready_and_then_stops(systemd: Systemd, machine: str) -> None:
    process = started(machine, "--once", NOTIFY_SOCKET=systemd.name)

    words = systemd.heard_until("STOPPING=1")

    process.communicate(timeout=20)
    assert [word for word in words if not word.startswith("STATUS=")] == ["READY=1", "STOPPING=1"]


def test_a_start_that_fails_is_never_ready(systemd: Systemd, machine: str) -> None:
    process = started(machine, "--plugins", "nothing-of-that-name", NOTIFY_SOCKET=systemd.name)

    process.communicate(timeout=20)

    assert process.returncode == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
        mouth.sendto(b"END", "\0" + systemd.name[1:] if systemd.name.startswith("@") else systemd.name)
    assert systemd.heard() == ["END"]


def test_sighup_is_told_as_a_reload_and_opens_the_log_anew(systemd: Systemd, machine: str, tmp_path: Path) -> None:
    log = tmp_path / "wca.log"
    process = started(machine, "--log-file", str(log), "--interval", "60", NOTIFY_SOCKET=systemd.name)
    systemd.heard_until("READY=1")
    log.rename(tmp_path / "wca.log.1")

    process.send_signal(signal.SIGHUP)

    reloading = systemd.heard()
    assert reloading[0] == "RELOADING=1"
    assert reloading[1].startswith("MONOTONIC_USEC=")
    assert systemd.heard() == ["READY=1"]
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, b"")
    assert "steps every 60 s" in (tmp_path / "wca.log.1").read_text()
    assert "SIGHUP" in log.read_text()


def test_sigusr1_shows_what_the_agent_has_and_does(machine: str, tmp_path: Path) -> None:
    log = tmp_path / "wca.log"
    process = started(machine, "--log-file", str(log), "--interval", "60", "-l", "error")
    wait_for(log, "", process)  # from here on a signal that comes too early is ignored
    shown = re.compile(r"^    task \S+ '.*' in /a$(?s:.*) threads$", re.MULTILINE)
    while not shown.search(log.read_text()):  # until a dump comes after the first step
        assert process.poll() is None
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=20)
    text = log.read_text()
    assert process.returncode == 0
    for expected in ("plugin cgroup: up", "collect_metrics: last ", "open files ("):
        assert expected in text
    assert "thread MainThread" in text
    assert "wca_core/loop.py" in text


def test_sigusr1_shows_where_a_step_hangs_and_no_values_of_fields(machine: str, tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGS)
    log = tmp_path / "wca.log"
    arguments = ["-r", "hanging:Hangs", "--plugins", "Hangs", "--log-file", str(log)]
    process = started(machine, *arguments, PYTHONPATH=str(tmp_path))
    try:
        wait_for(tmp_path / "hangs", "", process)

        process.send_signal(signal.SIGUSR1)
        text = wait_for(log, "time.sleep(60)", process)
        process.send_signal(signal.SIGUSR1)
        wait_for(log, "dump 2: threads", process)
    finally:
        process.kill()
        process.communicate(timeout=20)

    assert "0 steps" in text
    assert "hanging.py" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--log-format", "xml"], "--log-format 'xml': one of text, json expected"),
        (["--log-file", "/nowhere/wca.log"], "--log-file /nowhere/wca.log: a file expected"),
    ],
)
def test_an_output_that_cannot_be_is_exit_code_1(machine: str, arguments: list[str], message: str) -> None:
    process = started(machine, "--once", *arguments)

    output, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert message in output.decode()
