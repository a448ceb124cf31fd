"""Whoever follows docs/how-to/add-an-orchestrator.md has a package that finds tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.documents import blocks_of

ROOT = Path(__file__).resolve().parent.parent
HOW_TO = ROOT / "docs" / "how-to" / "add-an-orchestrator.md"
ROOT_FLAG = ["--root"] if os.geteuid() == 0 else []

pytest.importorskip("urllib3")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The files of the document, in the folder of the package."""
    for block in blocks_of(HOW_TO):
        if (name := block.said("file")) is not None:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
    return tmp_path / "acme-orchard"


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def python(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=path,
    )


def test_its_tests_succeed(package: Path) -> None:
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(package), path=package)

    assert done.returncode == 0, done.stdout
    assert "11 passed" in done.stdout


def test_it_is_installed_and_finds_tasks(package: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    made = python(
        *("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(site), str(package)),
        path=package,
    )
    if made.returncode != 0 and ("No module named pip" in made.stderr or "hatchling" in made.stderr):
        pytest.skip("pip and hatchling are not installed here")
    (tmp_path / "v1").mkdir()
    jobs = [{"id": "web-1", "name": "web", "state": "running"}]
    (tmp_path / "v1" / "jobs").write_text(json.dumps({"jobs": jobs}))

    with web_server(tmp_path) as url:
        done = python(
            *("-c", "from wca_core.cli import main; main()", "run", *ROOT_FLAG, "--no-lock", "--once"),
            *("--plugins", "orchard,log", "--set", f"orchard.endpoint={url}"),
            path=site,
        )

    assert done.returncode == 0, done.stderr
    assert "wca_discovery_last_success_timestamp" in done.stderr
    assert "wca_tasks{" in done.stderr
    (tasks,) = (line.split()[-2] for line in done.stderr.splitlines() if line.startswith("wca_tasks{"))
    assert tasks == "1"


def test_the_modules_it_names_exist() -> None:
    text = HOW_TO.read_text().partition("## How the larger ones are divided")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    columns = [row for row in rows if row[-1] != "`wca_mesos`"]

    missing = [
        f"{package}/{name}.py"
        for row in columns
        for package, cell in zip(("wca_k8s", "wca_mesos"), row[-2:], strict=True)
        for name in cell.partition(":")[0].replace("`", "").split(", ")
        if name and not (ROOT / "plugins" / package / package / f"{name}.py").exists()
    ]

    assert columns
    assert missing == []
