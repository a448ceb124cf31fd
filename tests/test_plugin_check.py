"""`wca plugin check`: whatever a plugin does, there is a report of it, and the exit code says what came of it."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.command import wca
from wca_core.errors import ConfigurationError
from wca_core.plugin_check import Report, Target, asked, targets_of
from wca_core.registry import Registry
from wca_core.testing import Verdict

GOOD = """
print("hello")

from dataclasses import dataclass
from wca_core import hookimpl, plugin

@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Acme:
    task_id: str
    names: tuple[str, ...] = ()

    @hookimpl
    def detect(self, snapshot):
        return []
"""
INSTALLED = Registry([EntryPoint("local", "wca_core.builtin.local.node:LocalNode", "wca.plugins")])


def project(folder: Path, *points: str, code: str = GOOD, source: str = "src") -> Path:
    """A folder with an entry point for each of these, and a module `acme` below `source`."""
    (folder / source).mkdir(parents=True, exist_ok=True)
    (folder / source / "acme.py").write_text(code)
    lines = ["[project]", 'name = "acme"', '[project.entry-points."wca.plugins"]', *points]
    (folder / "pyproject.toml").write_text("\n".join(lines))
    return folder


def file_of(folder: Path, code: str) -> Target:
    (folder / "acme.py").write_text(code)
    (target,) = targets_of(f"{folder}/acme.py:Acme", INSTALLED)
    return target


def states(report: Report) -> dict[str, str]:
    return {verdict.check: verdict.state for verdict in report.verdicts}


@pytest.mark.timeout(600)
def test_a_plugin_that_was_never_installed_is_asked_everything(tmp_path: Path) -> None:
    folder = project(tmp_path / "acme", 'acme = "acme:Acme"')

    done = wca("plugin", "check", str(folder), "--set", "task_id=t1", "--set", "names=[a, b]", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = json.loads(done.stdout)["plugins"]
    found = {verdict["check"]: verdict["state"] for verdict in report["verdicts"]}
    assert (report["name"], report["target"], report["error"]) == ("acme", "acme:Acme", "")
    assert found["has_a_name_of_its_own"] == found["loads"] == found["declares_its_api"] == "kept"
    assert "broken" not in found.values()


@pytest.mark.timeout(600)
def test_what_is_broken_is_told_in_a_line_and_by_the_exit_code(tmp_path: Path) -> None:
    folder = project(tmp_path, 'acme = "acme:Acme"', code=GOOD.replace("@plugin(api=1)", ""))

    done = wca("plugin", "check", str(folder), "--set", "task_id=t1")

    assert done.returncode == 1
    assert done.stdout.startswith("acme (acme:Acme)\n")
    assert re.search(r"^  broken     declares its api: .*put @plugin\(api=1\) above", done.stdout, re.MULTILINE)
    assert re.search(r"^\d+ kept, \d+ broken, \d+ not asked$", done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_module", r"ModuleNotFoundError: No module named 'no_such_module' \(.*acme.py:1\)"),
        ("from . import other", "a file is part of a package if there is an __init__.py beside it"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("def broken(", "SyntaxError"),
        ("Other = 1", "has no attribute 'Acme'"),
        ("Acme = 1", "a class expected, found a int"),
        ("import os; print('bye', flush=True); os._exit(0)", r"(?s)ended its process with status 0; it printed:\nbye"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_verdict(tmp_path: Path, code: str, told: str) -> None:
    report = asked(file_of(tmp_path, code), [])

    (verdict,) = report.verdicts
    assert (verdict.check, verdict.state, report.exit_code) == ("loads", "broken", 1)
    assert re.search(told, verdict.detail)


def test_one_that_never_ends_is_given_up(tmp_path: Path) -> None:
    report = asked(file_of(tmp_path, "while True: pass"), [], limit=2.0)

    assert "longer than 2 seconds" in report.verdicts[-1].detail


@pytest.mark.timeout(600)
def test_one_that_ends_the_process_in_a_hook_loses_only_what_comes_later(tmp_path: Path) -> None:
    code = GOOD.replace("return []", "import os; os._exit(0)")

    report = asked(file_of(tmp_path, code), ["task_id=t1"])

    assert states(report)["declares_its_api"] == "kept"
    assert report.verdicts[-1].state == "broken"
    assert "ended its process with status 0" in report.verdicts[-1].detail


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([], "acme needs task_id to be examined: --set task_id=VALUE"),
        (["task_id=5"], "a text expected, found 5"),
        (["task_id=t1", "taskid=t1"], "did you mean task_id?"),
        (["task_id"], "--set task_id: FIELD=VALUE expected"),
        (["=5"], "--set =5: FIELD=VALUE expected"),
        (["task_id=[a"], "task_id"),
    ],
)
def test_fields_that_do_not_fit_are_wrong_usage(tmp_path: Path, fields: list[str], told: str) -> None:
    (target,) = targets_of(str(project(tmp_path, 'acme = "acme:Acme"')), INSTALLED)

    report = asked(target, fields)

    assert report.exit_code == 2
    assert told in report.misuse


def test_a_folder_is_importable_from_itself_and_from_src(tmp_path: Path) -> None:
    flat = project(tmp_path / "flat", 'acme = "acme:Acme"', source=".")

    (target,) = targets_of(str(flat), INSTALLED)

    assert (target.name, str(target), target.folders) == ("acme", "acme:Acme", (str(flat),))
    assert asked(target, []).misuse.startswith("acme needs task_id")


def test_a_file_within_a_package_is_imported_as_its_part(tmp_path: Path) -> None:
    (tmp_path / "pack" / "age").mkdir(parents=True)
    for folder in ("pack", "pack/age"):
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "pack" / "age" / "file.py").touch()

    (target,) = targets_of(f"{tmp_path}/pack/age/file.py:Acme", INSTALLED)

    assert (str(target), target.folders) == ("pack.age.file:Acme", (str(tmp_path),))


@pytest.mark.parametrize(
    ("point", "complaint"),
    [
        ('local = "acme:Acme"', "there is a plugin 'local' already"),
        ('acme = "acme:LocalNode"', "there is a plugin 'LocalNode' already"),
        ('agent = "acme:Acme"', "'agent' is a word of the configuration"),
        ('"acme.x" = "acme:Acme"', "has a dot"),
    ],
)
def test_a_name_that_nobody_could_use_is_a_verdict(tmp_path: Path, point: str, complaint: str) -> None:
    (target,) = targets_of(str(project(tmp_path, point)), INSTALLED)

    report = asked(target, [])

    assert states(report)["has_a_name_of_its_own"] == "broken"
    assert complaint in report.verdicts[0].detail


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("lokal", r"no plugin 'lokal' is installed \(did you mean local\?\)"),
        ("k8s", "part of the package wca-k8s"),
        ("no/such", "a folder with a pyproject.toml"),
        ("no/such.py:Acme", "there is no such file"),
        ("such.py", "file.py:Class"),
        ("", "the name of an installed plugin"),
        ("dist/acme-0.1.0-py3-none-any.whl", "pip install it"),
    ],
)
def test_a_word_that_means_no_plugin_is_wrong_usage(what: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        targets_of(what, INSTALLED)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a plugin expected"),
        ("[project", "cannot be read"),
        ('[project.entry-points."wca.plugins"]\nacme = 5', "texts like"),
        ('[project.entry-points."wca.plugins"]\nacme = "acme"', "module:Class expected"),
        ('[project.entry-points."wca.plugins"]\nacme = "a b:c"', "module:Class expected"),
        ("project = 5", "a plugin expected"),
    ],
)
def test_a_folder_that_offers_no_plugin_is_wrong_usage(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ConfigurationError, match=told):
        targets_of(str(tmp_path), INSTALLED)


def test_wrong_usage_ends_with_2() -> None:
    done = wca("plugin", "check", "no-such-plugin")

    assert (done.returncode, done.stdout) == (2, "")
    assert "no plugin 'no-such-plugin' is installed" in done.stderr


def test_of_several_plugins_each_is_given_its_own_fields(tmp_path: Path) -> None:
    folder = project(tmp_path, 'one = "acme:Acme"', 'two = "acme:Acme"')

    done = wca("plugin", "check", str(folder), "--set", "one.task_id=5", "--json")

    errors = {report["name"]: report["error"] for report in json.loads(done.stdout)["plugins"]}
    assert done.returncode == 2
    assert "found 5" in errors["one"]
    assert errors["two"].startswith("two needs task_id")


def test_a_report_has_a_line_for_each_check() -> None:
    verdicts = [
        Verdict("loads", "kept"),
        Verdict("prints_nothing", "broken", "found:\nhello"),
        Verdict("has_a_hook", "not asked", "not asked, because it has none"),
    ]

    lines = list(Report("acme", "acme:Acme", verdicts).lines())

    assert lines == [
        "acme (acme:Acme)",
        "  kept       loads",
        "  broken     prints nothing: found:",
        "             hello",
        "  not asked  has a hook: it has none",
        "1 kept, 1 broken, 1 not asked",
    ]
