"""`wca plugin new`: what it writes is clean by every tool, and keeps the contract; else it writes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.command import wca
from wca_core import __version__
from wca_core.errors import ConfigurationError, PluginError
from wca_core.registry import Registry
from wca_core.scaffold import KINDS, LICENCES, Names, Order, written

NONE = Registry([])
LONG = "abcdefghijklmnopqrstuvwxyz1234"
HEADINGS = ("What it does", "Fields", "Privileges", "What it costs")


def order(name: str, kind: str, licence: str = "apache-2.0", author: str = "") -> Order:
    return Order(Names.of(name, kind, NONE), kind, licence, author)


def files(folder: Path) -> dict[str, str]:
    return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*") if one.is_file()}


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the type checker, so that it looks at wca_core once."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_typed(tmp_path: Path, cache: Path, kind: str) -> None:
    folder = written(order(f"acme-{kind}", kind), tmp_path)

    done = python(folder, "-m", "mypy", "--cache-dir", str(cache))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["acme", LONG])
def test_what_is_written_is_in_style(tmp_path: Path, kind: str, name: str) -> None:
    """With a short name and with one that is as long as it may be: lines stay as a formatter leaves them."""
    folder = written(order(f"{name}-{kind}"[:40], kind, author="Jåne <j@acme.example>"), tmp_path)

    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = python(folder, "-m", "ruff", *command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_its_own_tests_succeed(tmp_path: Path, kind: str) -> None:
    """Those of the conformance kit are among them: see tests/test_plugin_check.py for what they find."""
    folder = written(order(f"acme-{kind}", kind), tmp_path)

    done = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_its_parts_say_the_same(tmp_path: Path, kind: str) -> None:
    folder = written(order("Acme.x_Y", kind, "mit", 'J"ane <jane@acme.example>'), tmp_path)

    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    readme = (folder / "README.md").read_text()
    (point,) = project["entry-points"]["wca.plugins"].items()
    code = (folder / "src" / "acme_x_y" / f"{kind}.py").read_text()
    assert folder == tmp_path / "acme-x-y"
    assert (project["name"], project["license"]) == ("acme-x-y", "MIT")
    assert project["authors"] == [{"name": 'J"ane', "email": "jane@acme.example"}]
    assert project["dependencies"] == [f"wca-core>={__version__}"]
    assert point == ("acme-x-y", f"acme_x_y.{kind}:AcmeXY{kind.capitalize()}")
    assert f"class AcmeXY{kind.capitalize()}:" in code
    assert [heading for heading in HEADINGS if f"\n## {heading}\n" not in readme] == []
    assert 'J"ane' in (folder / "LICENSE").read_text()
    assert yaml.safe_load((folder / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    assert yaml.safe_load((folder / ".github" / "workflows" / "publish.yml").read_text())["jobs"]["publish"]
    assert (folder / "src" / "acme_x_y" / "py.typed").read_text() == ""
    assert [path for path, text in files(folder).items() if "$class" in text or "MODULE" in path] == []


@pytest.mark.parametrize("licence", LICENCES)
def test_each_licence_stands_in_three_places(tmp_path: Path, licence: str) -> None:
    folder = written(order("acme-x", "collector", licence, "Jane"), tmp_path)

    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    readme = (folder / "README.md").read_text().rpartition("## Licence")[2]
    assert project.get("license", "") == LICENCES[licence].expression
    assert (folder / "LICENSE").exists() is bool(LICENCES[licence].expression)
    assert (LICENCES[licence].name or "No licence") in readme


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "no name of a package"),
        ("-acme", "no name of a package"),
        ("acme-", "no name of a package"),
        ("acme/x", "no name of a package"),
        ("../acme", "no name of a package"),
        ("acmé", "no name of a package"),
        ("x" * 41, "no name of a package"),
        ("3d-view", "could not be imported"),
        ("class", "could not be imported"),
        ("json", "there is a module 'json' already"),
        ("wca-core", "a package of the project WCA itself"),
        ("wca", "its module 'wca' has the name of one of wca-compat"),
        ("tests", "its module 'tests'"),
        ("wca-k8s", "a package of the project WCA itself"),
        ("agent", "a word of the configuration itself"),
        ("local", "there is a plugin 'local' already"),
        ("k8s", "there is a plugin 'k8s' already"),
        ("static", "there is a plugin 'StaticNode' already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, reason: str) -> None:
    points = [
        EntryPoint("local", "wca_core.builtin.local.node:LocalNode", "wca.plugins"),
        EntryPoint("fixed", "wca_core.builtin.static_node:StaticNode", "wca.plugins"),
    ]

    with pytest.raises(PluginError, match=re.escape(reason)):
        Names.of(name, "node", Registry(points))


@given(st.text(max_size=50), st.sampled_from(KINDS))
def test_every_name_is_taken_or_refused(name: str, kind: str) -> None:
    try:
        names = Names.of(name, kind, NONE)
    except PluginError:
        return

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", names.package)
    assert names.module.isidentifier()
    assert names.class_name.isidentifier()


@given(author=st.text(max_size=30))
def test_every_author_can_be_written_or_is_refused(author: str) -> None:
    try:
        words = order("acme-x", "node", author=author).words
    except ConfigurationError:
        return

    table = tomllib.loads(words["author_fields"])
    assert (table == {}) is (author == "")


def test_nothing_is_written_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "acme-x").mkdir()
    (tmp_path / "acme-x" / "mine").write_text("precious")

    with pytest.raises(ConfigurationError, match="is there already"):
        written(order("acme-x", "node"), tmp_path)

    assert files(tmp_path) == {"acme-x/mine": "precious"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "acme-x").symlink_to("elsewhere")

    with pytest.raises(ConfigurationError, match="is there already"):
        written(order("acme-x", "node"), tmp_path)

    assert files(tmp_path) == {}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "acme-x").mkdir()

    folder = written(order("acme-x", "node"), tmp_path)

    assert (folder / "pyproject.toml").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["acme-x"]


def test_nothing_is_left_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be made"):
        written(order("acme-x", "node"), tmp_path / "none")

    assert files(tmp_path) == {}


def test_the_command_says_what_to_do_next(tmp_path: Path) -> None:
    done = wca("plugin", "new", "acme-detector", "--kind", "detector", "--directory", str(tmp_path))

    assert done.returncode == 0, done.stderr
    install, test, run = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert install == f"pip install -e '{tmp_path}/acme-detector[test]'"
    assert test == f"python -m pytest {tmp_path}/acme-detector"
    assert run == f"wca run {'--root ' if os.geteuid() == 0 else ''}--plugins local,acme-detector --once"


@pytest.mark.parametrize("kind", KINDS)
def test_the_locale_does_not_matter(tmp_path: Path, kind: str) -> None:
    (tmp_path / "søk").mkdir()
    arguments = ("plugin", "new", "acme-x", "--kind", kind, "--author", "Jåne", "--directory", str(tmp_path / "søk"))

    done = wca(*arguments, LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "søk" / "acme-x") == files(written(order("acme-x", kind, author="Jåne"), tmp_path))


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["acme-x", "--kind", "scheduler"], 2, "one of detector, allocator, collector, storage, node expected"),
        (["acme-x", "--kind", "node", "--licence", "beer"], 2, "one of apache-2.0, mit"),
        (["acme-x", "--kind", "node", "--directory", "/no/such"], 2, "a directory expected"),
        (["acme-x"], 2, "--kind"),
        (["local", "--kind", "node"], 1, "there is a plugin 'local' already"),
        (["acme-x", "--kind", "node", "--author", "a\nb"], 1, "--author"),
        (["acme-x", "--kind", "node", "--author", "a\udcff"], 1, "UTF-8 expected"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, arguments: list[str], status: int, told: str) -> None:
    done = wca("plugin", "new", *arguments, *([] if "--directory" in arguments else ["--directory", str(tmp_path)]))

    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
    assert files(tmp_path) == {}
