"""docs/examples/wca-cpi-detector as a third party ships it: a wheel, installed into a folder without network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "docs" / "examples" / "wca-cpi-detector"
ROOT_FLAG = ["--root"] if os.geteuid() == 0 else []
HAS_COUNTERS = any(
    path.name == "cpu" or path.name.startswith(("cpu_", "armv"))
    for path in Path("/sys/bus/event_source/devices").glob("*")
)

NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache", "dist", "build")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which its wheel is installed."""
    folder = tmp_path_factory.mktemp("cpi")
    copy = folder / "package"
    shutil.copytree(PACKAGE, copy, ignore=NOT_COPIED)
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(copy), cwd=folder)
    (wheel,) = folder.glob("wca_cpi_detector-*.whl")
    site = folder / "site"
    python("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel), cwd=folder)
    return site


def python(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{path}:{ROOT}" if path else str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def wca(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-c", "from wca_core.cli import main; main()", *arguments, cwd=site, path=site)


def test_its_own_tests_succeed_against_what_is_installed(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "tests", tmp_path / "tests", ignore=NOT_COPIED)

    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "tests"), cwd=tmp_path, path=installed)

    (passed,) = re.findall(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert int(passed) > 15


def test_it_is_listed_with_its_package(installed: Path) -> None:
    listed = {entry["name"]: entry for entry in json.loads(wca(installed, "plugins", "--json").stdout)}

    found = listed["cpi-detector"]
    assert (found["package"], found["status"], found["api"]) == ("wca-cpi-detector", "ok", 1)
    assert "detect" in found["hooks"]


def test_the_agent_calls_it(installed: Path) -> None:
    ran = wca(installed, "run", "--no-lock", *ROOT_FLAG, "--plugins", "local,cpi-detector", "--once")

    states = dict(re.findall(r'^cpi_tasks\{.*state="(\w+)".*\} ([0-9.]+)', ran.stderr, re.MULTILINE))
    assert states.keys() == {"judged", "learning", "unmeasured"}
    assert 'plugin="cpi-detector"' in ran.stderr


MADE_UP = """
from wca_core import Metric, Task, counter, hookimpl, plugin

METRICS = [Metric(f"task_{name}", "Made up.", counter) for name in ("cycles", "instructions", "mem_bandwidth_bytes")]
TASKS = [
    Task(task_id=f"made-up-{name}", name=name, cgroup_path=f"/made-up-{name}", labels={"wca_io__class": name})
    for name in ("latency-critical", "best-effort")
]

@plugin(api=1)
class MadeUp:
    def __init__(self):
        self.step, self.totals = 0, [0, 0, 0]

    @hookimpl
    def discover_tasks(self):
        return TASKS

    @hookimpl
    def collect_metrics(self, tasks):
        self.step += 1
        growth = (3000, 1000, 99) if self.step > 30 else (1000, 1000, 1)
        self.totals = [total + more for total, more in zip(self.totals, growth)]
        for task in tasks:
            yield from (metric.sample(total, task) for metric, total in zip(METRICS, self.totals))
"""


def test_an_agent_with_counters_finds_the_victim_and_the_suspect(installed: Path, tmp_path: Path) -> None:
    """In real steps; the counters are of another package, which makes them up."""
    site = tmp_path / "site"
    shutil.copytree(installed, site)
    information = site / "made_up-1.0.dist-info"
    information.mkdir()
    (site / "made_up.py").write_text(MADE_UP)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[wca.plugins]\nmade-up = made_up:MadeUp\n")
    fields = ("window=60", "recent=1", "samples=10", "cpus=0")  # of 60 s every tenth of a second is kept
    settings = [word for field in fields for word in ("--set", f"cpi-detector.{field}")]

    ran = wca(
        site,
        *("run", "--no-lock", *ROOT_FLAG, "--plugins", "made-up,cpi-detector,log", "--count", "45"),
        *("--set", "agent.interval=0.1", *settings),
    )

    (found, *_) = re.findall(r"^anomaly\{.*\} 1", ran.stderr, re.MULTILINE)
    assert 'contended_task_id="made-up-latency-critical"' in found
    assert 'contending_task_id="made-up-best-effort"' in found
    assert 'resource="memory bandwidth"' in found


@pytest.mark.skipif(HAS_COUNTERS, reason="this machine counts cycles and instructions")
def test_where_nothing_can_be_counted_that_is_told_before_it_starts(installed: Path) -> None:
    ran = wca(installed, "run", "--no-lock", *ROOT_FLAG, "--plugins", "local,cpi-detector", "--once")

    assert "a CPU whose cycles and instructions can be counted" in ran.stdout
    assert "virtual PMU" in ran.stdout


def test_it_brings_its_licence_and_the_four_headings(installed: Path) -> None:
    text = (PACKAGE / "README.md").read_text()

    headings = ("## What it does", "## Fields", "## Privileges", "## What it costs")
    assert [heading for heading in headings if heading not in text] == []
    assert list(installed.glob("wca_cpi_detector-*.dist-info/licenses/LICENSE"))


def test_its_workflow_runs_its_tests_on_every_python_that_the_core_supports() -> None:
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((PACKAGE / ".github" / "workflows" / "test.yml").read_text())["jobs"]["test"]
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]

    assert job["strategy"]["matrix"]["python"] == re.findall(r"Python :: (3\.\d+)", " ".join(core))
    assert {"pytest", "ruff check ."} <= {step.get("run") for step in job["steps"]}


def test_the_table_of_its_fields_is_what_its_class_has(installed: Path) -> None:
    program = (
        "import json; from wca_core.config.signature import parameters_of as of; "
        "from wca_cpi_detector.detector import CpiDetector; print(json.dumps([*of(CpiDetector)]))"
    )

    fields = json.loads(python("-c", program, cwd=installed, path=installed).stdout)

    section = (PACKAGE / "README.md").read_text().partition("## Fields")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == fields


def test_it_is_well_typed(installed: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    shutil.copytree(PACKAGE / "wca_cpi_detector", tmp_path / "wca_cpi_detector", ignore=NOT_COPIED)

    cache = str(ROOT / ".mypy_cache" / "contract")
    python("-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", cache, "wca_cpi_detector", cwd=tmp_path)
