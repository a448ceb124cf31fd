"""Commands of other packages: found by their entry points, called, listed, and unable to harm others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import wca

GREET = """
import typer
app = typer.Typer()
@app.command()
def greet(name: str = typer.Argument("you"), loud: bool = False):
    \"\"\"Say hello.\"\"\"
    print(f"hello {name}" + "!" * loud)
"""


class Packages:
    """Installed packages that are folders of a directory in PYTHONPATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, code: str = GREET, **commands: str) -> None:
        """A package with one module of the same name; `commands`: what each names in it."""
        module = name.replace("-", "_")
        (self._folder / f"{module}.py").write_text(code)
        information = self._folder / f"{module}-1.5.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\nSummary: Greets.\n")
        points = "".join(f"{command} = {module}:{what}\n" for command, what in commands.items())
        (information / "entry_points.txt").write_text(f"[wca.commands]\n{points}")

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": os.pathsep.join([str(self._folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path)


def test_a_command_of_a_package_is_called_with_its_options(packages: Packages) -> None:
    packages.add("acme-greet", greet="app")

    ran = wca("greet", "Ada", "--loud", **packages.environment)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "hello Ada!\n", "")


def test_a_function_is_a_command_with_its_parameters(packages: Packages) -> None:
    packages.add("acme-add", "def add(one: int, other: int):\n    print(one + other)\n", add="add")

    assert wca("add", "2", "3", **packages.environment).stdout == "5\n"
    assert "Usage: wca add [OPTIONS]" in wca("add", "--help", **packages.environment).stdout


def test_the_garbage_collector_runs_again_in_a_command_of_a_package(packages: Packages) -> None:
    packages.add("acme-gc", "import gc\ndef ask():\n    print(gc.isenabled())\n", ask="ask")

    assert wca("ask", **packages.environment).stdout == "True\n"


def test_the_help_lists_them_with_their_packages_and_imports_none(packages: Packages) -> None:
    packages.add("acme-greet", "raise SystemExit('imported')", greet="app")

    ran = wca("--help", **packages.environment)

    assert ran.returncode == 0
    assert [line.split() for line in ran.stdout.splitlines() if "acme-greet" in line] == [
        ["greet", "acme-greet", "Greets."]
    ]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        *(("import nothing_of_that_name", "ModuleNotFoundError"), ("raise SystemExit(3)", "SystemExit: 3")),
        *(("1 / 0", "ZeroDivisionError"), ("", "AttributeError"), ("app = 5", "function expected, found int")),
    ],
)
def test_one_that_does_not_load_is_an_error_of_its_own(packages: Packages, code: str, cause: str) -> None:
    packages.add("acme-broken", code, broken="app")
    packages.add("acme-greet", greet="app")

    ran = wca("broken", **packages.environment)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("wca: command 'broken'")
    assert cause in ran.stderr
    assert wca("greet", **packages.environment).stdout == "hello you\n"
    assert wca("check", **packages.environment).returncode == 0


def test_two_packages_that_claim_one_command_are_told_with_both(packages: Packages) -> None:
    packages.add("acme-greet", greet="app")
    packages.add("other-greet", greet="app")

    ran = wca("greet", **packages.environment)

    assert ran.returncode == 1
    assert "acme_greet:app (acme-greet 1.5) and other_greet:app (other-greet 1.5)" in ran.stderr
    assert "several packages offer it" in wca("--help", **packages.environment).stdout


def test_the_commands_of_wca_itself_cannot_be_taken(packages: Packages) -> None:
    packages.add("acme-greet", check="app")

    assert "hello" not in wca("check", **packages.environment).stdout
    assert "wca has a command of that name" in wca("--help", **packages.environment).stdout


def test_a_name_that_nobody_has_is_wrong_usage() -> None:
    ran = wca("nonsense")

    assert ran.returncode == 2
    assert "No such command 'nonsense'" in ran.stderr


def test_the_version_is_told_without_looking_at_packages() -> None:
    program = (
        "import sys; from wca_core.cli import main\ntry: main()\nfinally: print('wca_core.registry' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[1:] == ["False"]
