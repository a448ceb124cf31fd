"""Whoever follows README and tutorial sees what they print: see tests/documents.py for how they are written."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.documents import Block, Command, DocumentError, blocks_of
from tests.reader import Reader

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(set((DOCS / "tutorial").glob("*.md")) - {DOCS / "tutorial" / "publish-a-detector.md"}),
    DOCS / "how-to" / "upgrade-from-the-original.md",
    DOCS / "how-to" / "allocate-resources.md",
    DOCS / "how-to" / "keep-tasks-on-one-numa-node.md",
    DOCS / "how-to" / "record-and-replay.md",
    DOCS / "how-to" / "run-older-components.md",
]
PORT = 9111
CGROUPS = Path("/sys/fs/cgroup")
REMARKS = ("file", "background", "status", "needs", "not run")
NOT_COPIED = shutil.ignore_patterns(".venv", ".git", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", "out")

MOUNTED = {line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines()}
THERE: Mapping[str, Callable[[], bool]] = {
    "root": lambda: os.geteuid() == 0,
    "curl": lambda: shutil.which("curl") is not None,
    "cgroup v1": lambda: "cgroup" in MOUNTED,
    "cgroup v2": lambda: "cgroup" not in MOUNTED and "cgroup2" in MOUNTED,
}
"""What a block may need, and whether this machine has it."""


def lack(block: Block) -> str | None:
    """Why a block is not run here; None if it is."""
    reason = block.said("not run")
    missing = [need for need in block.needs if need and not THERE[need]()]
    return reason or (f"needs {' and '.join(missing)}" if missing else None)


ALL = [block for document in DOCUMENTS for block in blocks_of(document)]
PASSED_OVER = [(block, reason) for block in ALL if (reason := lack(block)) is not None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty one that every user may reach, unlike those of pytest."""
    made = Path(tempfile.mkdtemp(prefix="wca-documents-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def checkout(folder: Path) -> Path:
    """What somebody has who just cloned the project and waited for its environment."""
    copy = folder / "wca"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED, symlinks=True)
    (copy / ".venv").symlink_to(sys.prefix)
    for made_from in (copy / "Makefile", *copy.rglob("pyproject.toml")):
        os.utime(made_from, (0, 0))  # so that make finds the environment ready
    return copy


@pytest.fixture
def host() -> Iterator[None]:
    """This one, without another agent's page, and without the cgroups of the documents afterwards."""
    if not MOUNTED & {"cgroup", "cgroup2"}:
        pytest.skip("no cgroup hierarchy is mounted here")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            pytest.skip(f"port {PORT} is in use: does an agent run here?")
    yield
    for cgroup in (*CGROUPS.glob("hungry"), *CGROUPS.glob("*/hungry")):
        cgroup.rmdir()


@pytest.mark.vm  # cgroup v2, where this machine has v1
@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_document_does_what_is_printed(document: Path, folder: Path, checkout: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    with Reader(checkout, folder / "state", path) as reader:
        for block in blocks_of(document):
            if lack(block) is None:
                reader.follow(block)


@pytest.mark.parametrize(("block", "reason"), PASSED_OVER, ids=[block.place for block, _ in PASSED_OVER])
def test_a_block_that_is_passed_over_is_told(block: Block, reason: str) -> None:
    pytest.skip(f"{block.place} is not run: {reason}")


def test_every_block_says_what_it_is() -> None:
    """A shell's block in any other language would not be run."""
    assert [block.place for block in ALL if block.language in ("", "sh", "bash", "shell")] == []


def test_every_remark_is_understood() -> None:
    unknown = [
        block.place for block in ALL if block.remark and not any(block.said(word) is not None for word in REMARKS)
    ]
    needs = {need for block in ALL for need in block.needs if need}

    assert unknown == []
    assert needs <= THERE.keys()


def test_more_is_run_than_passed_over() -> None:
    consoles = [block for block in ALL if block.language == "console"]
    run = [block for block in consoles if lack(block) is None]

    assert len(run) > len(consoles) / 2


@pytest.mark.parametrize(
    ("printed", "output", "fits"),
    [
        ([], "anything\n", True),
        (["a"], "a\n", True),
        (["a"], "a\nb\n", False),
        (["a", "..."], "a\nb\nc\n", True),
        (["...", "b"], "b\n", True),
        (["a ... c"], "a b c\n", True),
        (["a ... c"], "a b\nc\n", False),
        (["a"], "", False),
        (["a."], "ab\n", False),
    ],
)
def test_dots_stand_for_any_text(printed: list[str], output: str, fits: bool) -> None:
    assert Command("true", printed).fits(output) is fits


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ false\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ exit 3\nnever\n^C\n```\n",
        "```console\necho one\n```\n",
        "```console\n^C\n```\n",
        "<!-- status: 2 -->\n```console\n$ exit 1\n```\n",
    ],
)
def test_a_document_that_prints_something_else_is_refused(text: str, folder: Path) -> None:
    (folder / "wrong.md").write_text(text)
    (folder / "checkout").mkdir()
    (block,) = blocks_of(folder / "wrong.md")

    with Reader(folder / "checkout", folder / "state", os.environ["PATH"]) as reader, pytest.raises(DocumentError):
        reader.follow(block)


def test_a_command_that_is_left_running_may_tidy_up_though_another_one_fails(folder: Path) -> None:
    (folder / "checkout").mkdir()
    (folder / "wrong.md").write_text(
        "<!-- background -->\n```console\n"
        "$ trap 'rm left; exit' TERM; touch left; echo ready; sleep 1000 & wait\nready\n```\n"
        "```console\n$ false\n```\n"
    )
    left_running, wrong = blocks_of(folder / "wrong.md")

    with Reader(folder / "checkout", folder / "state", os.environ["PATH"]) as reader:
        reader.follow(left_running)
        with pytest.raises(DocumentError):
            reader.follow(wrong)

    assert list((folder / "checkout").iterdir()) == []


def test_a_command_finds_what_the_one_before_left(folder: Path) -> None:
    (folder / "right.md").write_text(
        "<!-- file: greeting -->\n```text\nhello\n```\n\n"
        "```console\n$ mkdir a; cd a; export WHO=you\n$ echo $WHO; cat ../greeting\nyou\nhello\n```\n"
        "<!-- background -->\n```console\n$ echo started; sleep 1000\nstarted\n```\n"
        "```console\n$ echo ready; sleep 1000\nready\n^C\n```\n"
        "```console\n^C\n```\n"
    )
    (folder / "checkout").mkdir()

    with Reader(folder / "checkout", folder / "state", os.environ["PATH"]) as reader:
        for block in blocks_of(folder / "right.md"):
            reader.follow(block)
