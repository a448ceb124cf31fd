"""The real command, as a process of its own: what it writes, what others read of it, how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.cgroups import first_line, wait_until

WCA = str(Path(sys.executable).with_name("wca"))
IS_ROOT = os.geteuid() == 0
NOBODY = 65534
ONE_STEP_AS_TEXT = [WCA, "run", "--no-lock", "--plugins", "log", "--once"]
READING_ALL = ["--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
KINDS = {line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines()}

pytestmark = pytest.mark.skipif(not KINDS & {"cgroup", "cgroup2"}, reason="no cgroup hierarchy is mounted here")
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")

KNOWN_LINTS = {
    r'\w+ counter metrics should have "_total" suffix': "names of the reference are kept, so that dashboards work",
    r'wca_(warning|error)_count non-histogram and non-summary metrics should not have "_count" suffix': "likewise",
}

MEASUREMENT = """!MeasurementRunner
  node: !LocalNode
  interval: 0.05
  extra_labels: {{cluster: "say \\"hi\\""}}
  metrics_storage: !LogStorage {{output_filename: {folder}/metrics, overwrite: true}}
"""
RUNNERS = {
    "MeasurementRunner": "runner: " + MEASUREMENT,
    "DetectionRunner": """
runner: !DetectionRunner
  measurement_runner: %s
  detector: !NOPAnomalyDetector
  anomalies_storage: !LogStorage {{output_filename: {folder}/anomalies, overwrite: true}}
""",
    "AllocationRunner": """
runner: !AllocationRunner
  measurement_runner: %s
  allocator: !NOPAllocator
  anomalies_storage: !LogStorage {{output_filename: {folder}/anomalies, overwrite: true}}
  allocations_storage: !LogStorage {{output_filename: {folder}/allocations, overwrite: true}}
""",
}


def run_of_wca(*arguments: str) -> list[str]:
    """The command line that runs the agent as this user."""
    return [WCA, "run", "--no-lock", *(["--root"] if IS_ROOT else []), *arguments]


def finished(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def complaints(log: str) -> list[str]:
    """The lines of a log that tell of a failure; a machine may well lack something that is worth a warning."""
    return [line for line in log.splitlines() if line.split()[2:3] not in (["INFO"], ["WARNING"])]


def configuration(folder: Path, runner: str) -> str:
    """The path of a file with this runner, that writes into `folder`."""
    nested = MEASUREMENT.replace("\n", "\n  ").rstrip(" ")
    text = RUNNERS[runner] % nested if "%s" in RUNNERS[runner] else RUNNERS[runner]
    path = folder / "wca.yaml"
    path.write_text(text.format(folder=folder))
    path.chmod(0o600)
    return str(path)


def checked_families(text: str) -> dict[str, Metric]:
    """What the official parser reads, every series of it once."""
    families = list(text_string_to_metric_families(text))
    series = Counter((one.name, *sorted(one.labels.items())) for family in families for one in family.samples)
    assert [key for key, count in series.items() if count > 1] == []
    assert len({family.name for family in families}) == len(families)
    return {family.name: family for family in families}


def unknown_lints(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not any(re.fullmatch(known, line) for known in KNOWN_LINTS)]


@pytest.fixture(scope="module")
def first_step() -> str:
    """The text of one step of this machine."""
    process = finished(run_of_wca("--plugins", "log", "--once"))
    assert (process.returncode, complaints(process.stdout)) == (0, [])
    return process.stderr


@pytest.mark.vm
def test_one_step_without_a_file_is_text_that_the_official_parser_accepts(first_step: str) -> None:
    families = checked_families(first_step)

    assert {"task_up", "task_last_seen", "wca_up", "wca_tasks"} <= families.keys()
    assert len(families["task_up"].samples) == families["wca_tasks"].samples[0].value >= 1
    assert all(family.documentation for family in families.values())


@pytest.mark.vm
def test_promtool_finds_nothing_but_the_known_lints(first_step: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install --no-install-recommends prometheus)")

    process = subprocess.run(
        [promtool, "check", "metrics"], input=first_step, capture_output=True, text=True, check=False
    )

    assert unknown_lints((process.stdout + process.stderr).splitlines()) == []
    assert process.returncode in (0, 3)


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_runner_writes_until_sigterm_and_ends_with_0(runner: str, tmp_path: Path) -> None:
    file = configuration(tmp_path, runner)
    outputs = [
        tmp_path / name for name in ("metrics", "anomalies", "allocations") if f"/{name}" in Path(file).read_text()
    ]

    with subprocess.Popen(run_of_wca("-c", file), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_until(lambda: process.poll() is not None or all(map(Path.exists, outputs)), "there is no output")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)

    assert (process.returncode, complaints(said.decode())) == (0, [])
    families = checked_families((tmp_path / "metrics").read_text())
    assert {one.labels["cluster"] for one in families["task_up"].samples} == {'say "hi"'}
    assert sorted(tmp_path.iterdir()) == sorted([Path(file), *outputs])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_pause_at_once_with_0(number: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "stderr"
    command = run_of_wca("--plugins", "log", "--interval", "60")
    with output.open("wb") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as process:
        wait_until(lambda: process.poll() is not None or output.stat().st_size > 0, "there is no output")
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)

    assert (process.returncode, complaints(said.decode())) == (0, [])
    checked_families(output.read_text())


RESTLESS = """
from wca_core.host import Host
from wca_core.loop import run_steps
class Agent:
    host = Host()
    def start(self): print("ready", flush=True)
    def step(self): pass
    def stop(self): pass
run_steps(Agent(), 1e-6)
"""


def test_a_signal_is_obeyed_wherever_the_loop_is() -> None:
    """Python runs a handler between any two instructions; one that waited for a lock hung one time in five."""
    command = [sys.executable, "-c", RESTLESS]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(20)]
    try:
        for process in processes:
            first_line(process)
            process.send_signal(signal.SIGTERM)

        assert [process.wait(30) for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@needs_root
def test_an_ordinary_user_may_run_it() -> None:
    command = ONE_STEP_AS_TEXT
    try:
        process = subprocess.run(
            command, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False
        )
    except PermissionError:
        pytest.skip(f"uid {NOBODY} may not run this Python ({os.path.realpath(sys.executable)})")

    assert (process.returncode, complaints(process.stdout)) == (0, [])
    assert "task_up" in checked_families(process.stderr)


@needs_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_user_with_the_capability_to_read_everything_may_run_it() -> None:
    process = finished(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", *READING_ALL, *ONE_STEP_AS_TEXT])

    assert (process.returncode, complaints(process.stdout)) == (0, [])
    assert "task_up" in checked_families(process.stderr)


@needs_root
def test_root_without_permission_is_refused_as_wrong_usage() -> None:
    process = finished([WCA, "run", "--no-lock", "--once"])

    assert process.returncode == 2
    assert process.stderr == "wca: refusing to run as root; give --root to permit it, or run as another user\n"


def test_a_wrong_file_ends_with_1_and_tells_file_and_line_of_every_error(tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text("runner: !MeasurementRunner\n  node: !LocalNode\n    max_task: 3\n  interval: soon\n")

    process = finished(run_of_wca("-c", str(file)))

    said = process.stdout + process.stderr
    assert process.returncode == 1
    assert "wca.yaml:3:5: !LocalNode has no field 'max_task'" in said
    assert "wca.yaml:4:13: runner.interval (of !MeasurementRunner): " in said
    assert "Traceback" not in said
