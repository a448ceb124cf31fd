"""One agent on a node: a lock held by a second, real process."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wca_core.errors import StartError
from wca_core.lock import lock_path, only_agent

HOLDER = """
import sys
from wca_core.lock import only_agent
with only_agent(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock `lock` of the folder."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_agent_is_refused_and_told_who_holds_the_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(StartError, match=rf"pid {holder.pid} since 20.*--no-lock"), only_agent(f"{tmp_path}/lock"):
        pass


def test_the_lock_of_an_agent_that_was_killed_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()

    with only_agent(f"{tmp_path}/lock"):
        assert f"pid {os.getpid()} " in (tmp_path / "lock").read_text()


def test_the_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_agent(f"{tmp_path}/lock"):
            pass


@pytest.mark.parametrize("kind", ["link", "second name", "directory", "nowhere", "pipe"])
def test_a_lock_that_cannot_be_used_is_told_and_no_obstacle(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lock"
    match kind:
        case "link":
            path.symlink_to(tmp_path / "target")
        case "second name":
            (tmp_path / "precious").write_text("precious")
            path.hardlink_to(tmp_path / "precious")
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "nowhere":
            path = tmp_path / "missing" / "lock"

    with caplog.at_level(logging.WARNING), only_agent(str(path)):
        pass

    assert f"no lock against a second agent: {path}" in caplog.text
    assert not (tmp_path / "target").exists()
    assert kind != "second name" or path.read_text() == "precious"


def test_nobody_else_can_open_the_lock_and_so_hold_it(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(0o644)

    with only_agent(f"{tmp_path}/lock"):
        assert (tmp_path / "lock").stat().st_mode & 0o077 == 0


def test_the_lock_tells_the_configuration_of_its_holder(tmp_path: Path) -> None:
    with only_agent(f"{tmp_path}/lock", "/etc/wca.yaml"):
        assert (tmp_path / "lock").read_text().endswith(" with /etc/wca.yaml\n")


def test_the_lock_is_of_the_node_for_root_and_of_the_user_for_others(tmp_path: Path) -> None:
    assert lock_path(0, str(tmp_path)) == "/run/wca.lock"
    assert lock_path(7, str(tmp_path)) == f"{tmp_path}/wca.lock"
    assert lock_path(7, None) == "/tmp/wca-7.lock"


def test_a_runtime_directory_that_is_not_there_holds_no_lock(tmp_path: Path) -> None:
    assert lock_path(7, f"{tmp_path}/gone") == "/tmp/wca-7.lock"


def test_an_agent_of_the_node_keeps_those_of_other_users_out(tmp_path: Path) -> None:
    own, of_node = str(tmp_path / "own.lock"), str(tmp_path / "node.lock")

    with (
        only_agent(of_node, others=()),
        pytest.raises(StartError, match=rf"process {os.getpid()} \(lock {of_node}\)"),
        only_agent(own, others=[of_node]),
    ):
        pass
    with only_agent(own, others=[of_node, str(tmp_path / "missing.lock")]):
        pass
