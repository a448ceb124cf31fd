"""The configurations of docs/examples load, are shown by `wca check`, and run a step, each as a process."""

import os
import shutil
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.command import wca

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
RUNNABLE = sorted(path.relative_to(EXAMPLES) for path in EXAMPLES.rglob("*.yaml") if path.name != "site_labels.yaml")

EMPTY = {"cpu.prom"}
"""CPU time of a cgroup that is not there."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples with their output in a folder of the test."""
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy)
    (tmp_path / "out").mkdir()
    for path in copy.rglob("*.yaml"):
        path.write_text(path.read_text().replace("/var/lib/wca", str(tmp_path / "out")))
        path.chmod(0o644)
    return copy


def options(folder: Path, name: Path) -> list[str]:
    register = ["-r", "example_detector:ExampleDetector"] if name.parent.name == "external_detector" else []
    return ["-c", str(folder / name), *register]


@pytest.fixture(autouse=True)
def own_detector(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of a detector is found as its README says."""
    monkeypatch.setenv("PYTHONPATH", str(folder / "external_detector"))


def test_every_example_is_in_the_table() -> None:
    table = (EXAMPLES / "README.md").read_text()

    assert [name for name in RUNNABLE if f"({name})" not in table and f"({name.parent}/README.md)" not in table] == []


@pytest.mark.parametrize("name", RUNNABLE, ids=str)
def test_an_example_is_right(folder: Path, name: Path) -> None:
    checked = wca("check", *options(folder, name), "--strict-config")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert "# In each step:" in checked.stdout


@pytest.mark.parametrize("name", RUNNABLE, ids=str)
def test_an_example_runs_a_step(folder: Path, name: Path) -> None:
    root = ["--root"] if os.geteuid() == 0 else []

    ran = wca("run", *options(folder, name), "--once", "--no-lock", *root)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " ERROR " not in ran.stdout
    outputs = list((folder.parent / "out").iterdir())
    assert outputs
    for output in outputs:
        families = list(text_string_to_metric_families(output.read_text()))
        assert families or output.name in EMPTY, output
