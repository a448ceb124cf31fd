"""Whoever follows the how-tos for authors has a detector, an allocator and a collector that work, with their tests."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wca_core
from tests.documents import blocks_of
from wca_core.model.history import History
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = [ROOT / "docs/examples/wca-cpi-detector/wca_cpi_detector/metrics.py"]
HOW_TOS = [
    ROOT / "docs" / "how-to" / name for name in ("write-a-detector.md", "write-an-allocator.md", "write-a-collector.md")
]


def files_of(document: Path, folder: Path) -> list[Path]:
    """Written as the document says."""
    made = []
    for block in blocks_of(document):
        if (name := block.said("file")) is not None:
            (folder / name).write_text(block.text)
            made.append(folder / name)
    return made


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=110, check=False, cwd=folder
    )


@pytest.mark.parametrize("document", HOW_TOS, ids=lambda path: path.stem)
def test_the_tests_of_a_how_to_succeed(document: Path, tmp_path: Path) -> None:
    files = files_of(document, tmp_path)

    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path), folder=tmp_path)

    assert len(files) == 2
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", HOW_TOS, ids=lambda path: path.stem)
def test_the_code_of_a_how_to_is_well_typed(document: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (code, _) = files_of(document, tmp_path)
    cache = str(ROOT / ".mypy_cache" / "contract")

    done = python("-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", cache, str(code), folder=tmp_path)

    assert done.returncode == 0, done.stdout


def test_every_word_about_a_snapshot_is_one_of_its_own() -> None:
    told = "".join(path.read_text() for path in HOW_TOS)

    asked = set(re.findall(r"snapshot\.(\w+)", told))
    assert {name for name in asked if not hasattr(Snapshot, name) and name not in Snapshot.__annotations__} == set()
    assert {name for name in re.findall(r"`(\w+)\(cpu\)`", told) if not hasattr(Platform, name)} == set()


def test_every_word_about_a_history_is_one_of_its_own() -> None:
    (line,) = [line for line in HOW_TOS[0].read_text().splitlines() if line.startswith("`rates()`")]

    words = re.findall(r"`(?:a\.)?(\w+)", line)
    assert len(words) > 5
    assert [word for word in words if not hasattr(History, word)] == []


@pytest.mark.parametrize("document", [HOW_TOS[0], *EXAMPLES], ids=lambda path: path.stem)
def test_every_metric_that_is_looked_at_is_one_that_something_measures(document: Path) -> None:
    measured = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/reference/metrics.md").read_text(), re.MULTILINE))

    named = set(re.findall(r'"((?:task|platform)_\w+_\w+|task_cycles)"', document.read_text()))
    assert named
    assert named - measured == set()


@pytest.mark.parametrize("document", HOW_TOS, ids=lambda path: path.stem)
def test_the_code_needs_nothing_but_the_contract(document: Path, tmp_path: Path) -> None:
    imports = [node for file in files_of(document, tmp_path) for node in ast.walk(ast.parse(file.read_text()))]

    names = {
        alias.name
        for node in imports
        if isinstance(node, ast.ImportFrom) and node.module == "wca_core"
        for alias in node.names
    }
    others = {
        node.module for node in imports if isinstance(node, ast.ImportFrom) and "wca_core." in (node.module or "")
    }
    assert names <= set(wca_core.__all__)
    assert others == {"wca_core.testing"}
