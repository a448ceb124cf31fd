"""The command line as users meet it: its options, what it prints, and its exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import wca

ROOT = ["--root"] if os.geteuid() == 0 else []
MAIN = "from wca_core.cli import main; main()"
TREE = "runner: !MeasurementRunner\n  node: !StaticNode {tasks: []}\n"
THINGS = """\
from dataclasses import dataclass
import logging
from wca_core import hookimpl, plugin

@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Watch:
    word: str = "nothing"
    @hookimpl
    def detect(self, snapshot):
        logging.getLogger("wca.watch").info("%s: %d tasks", self.word, len(snapshot.tasks))
        return ()

class OwnLoop:
    def run(self):
        return 7
"""


def once(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`wca run` for one step."""
    return wca("run", *ROOT, "--no-lock", "--once", *arguments, **environment)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "wca.yaml"
    path.write_text(TREE)
    return str(path)


@pytest.fixture
def things(tmp_path: Path) -> dict[str, str]:
    """The environment in which the module `things` is found."""
    (tmp_path / "things.py").write_text(THINGS)
    return {"PYTHONPATH": str(tmp_path)}


def test_a_file_without_a_command_is_the_old_spelling_of_run(file: str) -> None:
    assert wca("-c", file, *ROOT, "--no-lock", "--once").returncode == 0


def test_check_prints_the_tree_and_runs_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.prom"

    checked = wca("check", "--plugins", "log", "--set", f"log.output_filename={out}")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"output_filename: {out}" in checked.stdout
    assert not out.exists()


def test_check_of_a_wrong_file_ends_with_1_and_a_record_for_each_error(tmp_path: Path) -> None:
    path = tmp_path / "wca.yaml"
    path.write_text(TREE + "  interval: 99\n  flag: x\n")

    checked = wca("check", "-c", str(path))

    assert checked.returncode == 1
    assert checked.stdout == ""
    assert [line.split(" ")[2] for line in checked.stderr.splitlines()] == ["ERROR", "ERROR"]
    assert f"{path}:3:13: runner.interval (of !MeasurementRunner): a number from 0 to 60 expected" in checked.stderr


def test_the_traceback_of_a_configuration_error_is_told_to_those_who_debug(file: str) -> None:
    assert "Traceback" not in wca("check", "-c", file, "--set", "x.y=1").stderr
    assert "Traceback" in wca("check", "-c", file, "--set", "x.y=1", "-l", "debug").stderr


@pytest.mark.parametrize("option", ["-r", "--register", "--component"])
def test_a_class_of_ones_own_is_called(file: str, things: dict[str, str], option: str) -> None:
    ran = once("-c", file, option, "things:Watch", "--plugins", "Watch", "--set", "Watch.word=seen", **things)

    assert ran.returncode == 0, ran.stdout
    assert "wca.watch: seen: 0 tasks" in ran.stdout


def test_a_class_that_cannot_be_imported_ends_with_1() -> None:
    ran = once("-r", "nowhere:Watch")

    assert ran.returncode == 1
    assert "-r nowhere:Watch: ModuleNotFoundError" in ran.stdout


def test_the_code_of_a_runner_with_its_own_loop_is_the_exit_code(tmp_path: Path, things: dict[str, str]) -> None:
    (tmp_path / "wca.yaml").write_text("runner: !OwnLoop\n")

    own = ["-c", str(tmp_path / "wca.yaml"), "-r", "things:OwnLoop"]

    assert wca("run", *ROOT, "--no-lock", *own, **things).returncode == 7
    assert "it takes no count or interval" in once(*own, **things).stdout


@pytest.mark.parametrize("option", ["-l", "--log-level", "--level", "--log"])
def test_the_level_has_its_old_spellings(option: str) -> None:
    assert once("--plugins", "log", option, "error").stdout == ""


def test_a_level_may_be_of_one_module(file: str, things: dict[str, str]) -> None:
    levels = ["-l", "error", "-l", "wca.watch:info"]

    ran = once("-c", file, "-r", "things:Watch", "--plugins", "Watch", *levels, **things)

    assert [line.split(" wca.")[1] for line in ran.stdout.splitlines()] == ["watch: nothing: 0 tasks"]


def test_levels_of_the_file_are_weaker_than_those_of_the_command_line(tmp_path: Path, things: dict[str, str]) -> None:
    path = tmp_path / "wca.yaml"
    path.write_text(TREE + "loggers: {wca: error, wca.watch: info}\n")
    watch = ["-c", str(path), "-r", "things:Watch", "--plugins", "Watch"]

    assert "wca.watch: nothing" in once(*watch, **things).stdout
    assert "wca.watch: nothing" not in once(*watch, "-l", "wca.watch:error", **things).stdout


@pytest.mark.parametrize("level", ["loud", "a:b:info", "wca:"])
def test_a_level_that_does_not_exist_ends_with_1(level: str) -> None:
    ran = once("-l", level)

    assert ran.returncode == 1
    assert level in ran.stdout + ran.stderr


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--count", "0"], ["--interval", "61"], ["--set"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert wca("run", *arguments).returncode == 2


def test_a_second_agent_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from wca_core.cli import main; main()", "run", *ROOT]
    command += ["--plugins", "log", "-l", "info"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    ) as first:
        try:
            assert first.stdout is not None
            line = first.stdout.readline()
            if b"ERROR" in line:
                pytest.skip("another agent runs on this host")
            second = wca("run", *ROOT, "--plugins", "log", "--once", **environment)
        finally:
            first.terminate()

    assert second.returncode == 1
    assert f"pid {first.pid}" in second.stdout
    assert "--no-lock" in second.stdout


@pytest.mark.parametrize("command", [["plugins"], ["metrics"], ["--help"], ["--version"]])
def test_a_full_standard_output_is_told_in_one_line(command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", MAIN, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (ran.returncode, ran.stderr) == (1, "wca: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", [["run", *ROOT], ["doctor"], ["top", *ROOT]])
def test_a_host_root_that_is_not_there_is_wrong_usage(command: list[str]) -> None:
    ran = wca(*command, "--host-root", "/nowhere")

    assert ran.returncode == 2
    assert "'--host-root': /nowhere: a directory expected" in ran.stderr
