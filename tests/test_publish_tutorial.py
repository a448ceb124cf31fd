"""Whoever follows docs/tutorial/publish-a-detector.md has published a package, on an index on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.documents import blocks_of
from tests.reader import Reader
from wca_core.scaffold import Names, Order, written

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = ROOT / "docs" / "tutorial" / "publish-a-detector.md"
NEEDED = ("build", "editables", "hatchling", "pyarrow", "pypiserver", "pytest", "twine")
"""Packages that the tutorial installs, or this test needs."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty one that every user may reach, unlike those of pytest."""
    made = Path(tempfile.mkdtemp(prefix="wca-tutorial-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def packages(folder: Path) -> Path:
    """The wheels of wca-core and wca-record, built from this checkout, and those of all that the tutorial installs."""
    from tests.package_index import packed

    made = folder / "packages"
    made.mkdir()
    for project in (ROOT, ROOT / "plugins" / "wca_record"):
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(made), str(project)]
        subprocess.run(command, check=True, capture_output=True)
    for name in (*NEEDED, "pluggy", "pydantic", "pyyaml", "stevedore", "typer"):
        packed(name, made)
    return made


@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_every_step_of_the_tutorial_does_what_is_printed(folder: Path, request: pytest.FixtureRequest) -> None:
    for name in NEEDED:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            pytest.skip(f"the package {name} is not installed here")
    from tests.package_index import index, variables

    (folder / "here").mkdir()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    with index(request.getfixturevalue("packages")) as address:
        given = variables(address)
        with Reader(folder / "here", folder / "state", path, given, patience=300.0) as reader:
            for block in blocks_of(TUTORIAL):
                reader.follow(block)

    assert sorted(one.name for one in (folder / "packages").glob("acme*")) == [
        "acme_detector-0.1.0-py3-none-any.whl",
        "acme_detector-0.1.0.tar.gz",
    ]


def test_the_code_that_it_shows_is_what_is_written(tmp_path: Path) -> None:
    made = written(Order(Names.of("acme-detector", "detector"), "detector", "mit"), tmp_path)

    shown = [block.text for block in blocks_of(TUTORIAL) if block.language == "python"]

    assert shown
    code = (made / "src" / "acme_detector" / "detector.py").read_text()
    assert [text for text in shown if text not in code] == []


def test_all_its_commands_are_run() -> None:
    """A block of another language, or one that is passed over, would not be."""
    blocks = blocks_of(TUTORIAL)

    assert {block.language for block in blocks} == {"console", "python", "diff"}
    assert [block.place for block in blocks if block.remark and block.said("file") is None] == []
