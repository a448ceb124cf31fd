"""`wca run` as a process: signals, exit codes, plugins that are stopped."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wca_core.testing import Machine

WCA = str(Path(sys.executable).parent / "wca")
ROOT = ["--root"] if os.geteuid() == 0 else []
PLUGIN = """
import os, time
from pathlib import Path
from wca_core import hookimpl, plugin

FOLDER = Path(__file__).parent

@plugin(api=1)
class Marker:
    @hookimpl
    def start(self, host):
        (FOLDER / "started").touch()

    @hookimpl
    def collect_metrics(self):
        (FOLDER / "stepped").touch()
        while (FOLDER / "hang").exists():
            time.sleep(0.01)

    @hookimpl
    def reload(self):
        (FOLDER / "reloaded").touch()
        raise ValueError("the rules are wrong")

    @hookimpl
    def stop(self):
        (FOLDER / "stopped").touch()
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An installed package with the plugin `marker`, and a fake machine."""
    (tmp_path / "acme_marker.py").write_text(PLUGIN)
    info = tmp_path / "acme_marker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-marker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[wca.plugins]\nmarker = acme_marker:Marker\n")
    Machine(tmp_path / "machine").cgroup_v2("/a", {"cgroup.procs": "1\n", "cpu.stat": "usage_usec 1\n"})
    return tmp_path


def wca(package: Path, *arguments: str) -> subprocess.Popen[bytes]:
    machine = ["--host-root", str(package / "machine")]
    command = [WCA, "run", "--no-lock", *ROOT, *machine, "--plugins", "marker", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_agent_with_exit_code_0_and_its_plugins_are_stopped(
    package: Path, number: signal.Signals
) -> None:
    process = wca(package, "--interval", "60")
    wait_for(package / "stepped", process)

    process.send_signal(number)

    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert (package / "stopped").exists()


def test_a_step_that_hangs_ends_at_once_with_the_second_signal(package: Path) -> None:
    (package / "hang").touch()
    process = wca(package)
    wait_for(package / "stepped", process)

    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    still_running = process.poll() is None
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=5)
    assert (still_running, process.returncode) == (True, 128 + signal.SIGTERM)


def test_after_the_given_count_of_steps_the_exit_code_is_0(package: Path) -> None:
    process = wca(package, "--count", "2", "--interval", "0")

    output, _ = process.communicate(timeout=20)

    assert process.returncode == 0, output
    assert (package / "stopped").exists()


def test_a_plugin_that_is_not_installed_is_exit_code_1(package: Path) -> None:
    process = wca(package, "--plugins", "nothing-of-that-name")

    output, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert b"nothing installed answers to 'nothing-of-that-name'" in output


def test_sighup_reloads_within_the_pause_and_a_failure_does_not_end_the_agent(package: Path) -> None:
    process = wca(package, "--interval", "60")
    wait_for(package / "stepped", process)
    (package / "stepped").unlink()

    process.send_signal(signal.SIGHUP)
    wait_for(package / "reloaded", process)
    process.send_signal(signal.SIGTERM)

    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert b"plugin marker failed in reload: ValueError: the rules are wrong" in output
    assert not (package / "stepped").exists()


def test_a_log_that_was_rotated_away_is_written_anew(package: Path) -> None:
    log = package / "metrics.log"
    process = wca(package, "--plugins", "log", "--set", f"log.output_filename={log}", "--interval", "0.05")
    wait_for(log, process)
    log.rename(package / "metrics.log.1")

    process.send_signal(signal.SIGHUP)
    wait_for(log, process)

    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert b"task_up" in log.read_bytes() or b"wca_up" in log.read_bytes()


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed")
def test_an_agent_ends_when_its_terminal_is_gone(package: Path) -> None:
    terminal, inner = pty.openpty()
    machine = ["--host-root", str(package / "machine")]
    command = ["setsid", "--ctty", WCA, "run", "--no-lock", *ROOT, *machine, "--plugins", "marker", "--interval", "60"]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    with subprocess.Popen(
        command, env=environment, stdin=inner, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        os.close(inner)
        wait_for(package / "stepped", process)

        os.close(terminal)

        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert (package / "stopped").exists()
