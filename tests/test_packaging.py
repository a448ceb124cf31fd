"""The packages: one version, wheels that build and install into an empty environment."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import wca_core

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = [ROOT, *sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))]


def project(folder: Path) -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return table


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_all_packages_have_one_version(folder: Path) -> None:
    assert project(folder)["version"] == wca_core.__version__


@pytest.mark.parametrize("folder", PROJECTS[1:], ids=lambda folder: folder.name)
def test_a_plugin_package_needs_the_core_of_its_own_version(folder: Path) -> None:
    of_core = f"wca-core=={wca_core.__version__}"

    assert {of_core, of_core.replace("==", "[net]==")} & set(project(folder)["dependencies"])


@pytest.mark.parametrize("folder", PROJECTS[1:], ids=lambda folder: folder.name)
def test_a_plugin_package_tells_what_it_does_needs_and_costs(folder: Path) -> None:
    text = (folder / "README.md").read_text()

    assert [
        heading for heading in ("What it does", "Fields", "Privileges", "What it costs") if heading not in text
    ] == []


def test_wheels_build_with_their_code_and_entry_points(tmp_path: Path) -> None:
    for folder in PROJECTS:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, folder]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr

    wheels = {wheel.name.split("-")[0] for wheel in tmp_path.glob("*.whl")}

    assert wheels == {"wca_core", *(folder.name for folder in PROJECTS[1:])}


def test_the_core_alone_runs_from_its_wheel(tmp_path: Path) -> None:
    """Installed without its dependencies, which come from the environment the tests run in."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel],
        check=True,
        capture_output=True,
    )

    program = "import sys; sys.path.insert(0, sys.argv.pop()); import wca_core.cli as c; print(c.__file__); c.main()"
    asked = subprocess.run(
        [sys.executable, "-c", program, "--version", site], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert asked.stdout.splitlines() == [str(site / "wca_core" / "cli" / "__init__.py"), f"wca {wca_core.__version__}"]
