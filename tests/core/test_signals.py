"""`wca run` as a process: signals, exit codes, plugins that are stopped."""

import os
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
    command = [WCA, "run", *ROOT, "--host-root", str(package / "machine"), "--plugins", "marker", *arguments]
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
