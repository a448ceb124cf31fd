"""The older module names: what each of them serves, in both spellings, and what that costs."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
FOLDERS = {spelling: README.parent / spelling for spelling in ("wca", "owca")}
MODULES = sorted(path.stem for path in FOLDERS["wca"].glob("*.py") if path.stem != "__init__")
HEAVY = ("confluent_kafka", "kazoo", "pydantic", "requests", "stevedore", "urllib3", "yaml")


def table() -> dict[str, list[tuple[str, str]]]:
    """What the README says is served: by module the names, each with what it is today."""
    rows = re.findall(r"^\| `wca\.(\w+)` \| (.+?) \| (.+?) \|$", README.read_text(), re.MULTILINE)
    found: dict[str, list[tuple[str, str]]] = {}
    for module, names, today in rows:
        found.setdefault(module, []).extend((name, today) for name in re.findall(r"`(\w+)`", names))
    return found


def test_the_readme_tells_every_module_and_nothing_else() -> None:
    assert sorted(table()) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_the_readme_tells_every_name_of_a_module_and_nothing_else(module: str) -> None:
    served = import_module(f"wca.{module}")

    assert sorted(name for name, _ in table()[module]) == sorted(served.__all__)
    assert [name for name in served.__all__ if getattr(served, name, None) is None] == []


def test_what_the_readme_says_a_name_is_today_is_that_very_object() -> None:
    checked = 0
    for module, rows in table().items():
        for name, today in rows:
            place = re.fullmatch(r"`(wca_core[\w.]*):(\w*)`", today)
            if place is not None:
                assert getattr(import_module(f"wca.{module}"), name) is getattr(
                    import_module(place[1]), place[2] or name
                )
                checked += 1

    assert checked >= 8


@pytest.mark.parametrize("module", MODULES)
def test_the_earliest_spelling_is_the_very_same_module(module: str) -> None:
    assert import_module(f"owca.{module}") is import_module(f"wca.{module}")
    assert (FOLDERS["owca"] / f"{module}.py").exists()


def test_a_module_is_executed_once_whatever_it_is_called_first() -> None:
    program = """
import sys
from owca import nodes, logger
from owca.nodes import Task
import owca.detectors
import wca.nodes, wca.detectors
assert nodes is wca.nodes and Task is wca.nodes.Task and owca.nodes is wca.nodes
assert owca.detectors is wca.detectors is sys.modules['owca.detectors']
assert logger.TRACE == 9
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("spelling", ["wca", "owca"])
def test_the_modules_are_attributes_of_the_package_without_being_imported(spelling: str) -> None:
    program = f"""
import {spelling}
assert {spelling}.detectors.AnomalyDetector.__name__ == 'AnomalyDetector'
assert not hasattr({spelling}, 'no_such_module')
import wca
assert {spelling}.detectors is wca.detectors
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("module", MODULES)
def test_a_name_of_another_module_is_there_too_as_the_very_same_object(module: str) -> None:
    served = import_module(f"wca.{module}")

    for other, rows in table().items():
        for name, _ in rows:
            assert getattr(served, name) is getattr(import_module(f"wca.{other}"), name)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = served.no_such_name


def test_a_module_that_is_loaded_anew_has_the_same_classes() -> None:
    import importlib

    import owca.detectors
    import wca.detectors

    before = wca.detectors.AnomalyDetector

    again = importlib.reload(owca.detectors)

    assert again.AnomalyDetector is before
    assert importlib.reload(wca.detectors).AnomalyDetector is before
    assert import_module("owca.detectors") is import_module("wca.detectors")


@pytest.mark.parametrize("spelling", ["wca", "owca"])
def test_what_was_pickled_by_either_name_comes_back(spelling: str) -> None:
    from wca.nodes import Task

    old = f"c{spelling}.nodes\nTask\n(S'web'\nS't1'\nS'/t1'\ntR.".encode()

    found = pickle.loads(old)

    assert found == Task("web", "t1", "/t1")
    assert pickle.loads(pickle.dumps(found)) == found


def test_importing_all_of_it_imports_no_library_that_only_some_need() -> None:
    imports = "; ".join(f"import wca.{module}" for module in MODULES)
    program = f"import sys; {imports}; print([name for name in {HEAVY!r} if name in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "[]"


@pytest.mark.parametrize(
    "statement",
    [
        "import wca.no_such_module",
        "from wca import no_such_module",
        "from wca.detectors import NoSuchName",
        "import owca.metrics.no_such_part",
    ],
)
def test_what_is_not_served_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    from wca_core.errors import ConfigurationError
    from wca_core.registration import register_named

    (tmp_path / "older_importing.py").write_text(f"import os\n\n{statement}\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"older_importing\.py:3\) \(not served by wca-compat, see its README"):
        register_named("older_importing:Anything")


def test_the_level_below_debug_has_its_name() -> None:
    import logging

    from wca import logger

    assert logger.TRACE == 9
    assert logging.getLevelName(logger.TRACE) == "TRACE"


def test_tls_is_given_by_position_as_by_name() -> None:
    from wca.security import SSL

    from wca_core.tls import SSL as TODAY

    found = SSL(True, "/cert", "/key")

    assert SSL is TODAY
    assert (found.server_verify, found.client_cert_path, found.client_key_path) == (True, "/cert", "/key")


def test_registering_is_that_of_today() -> None:
    from wca.config import register

    import wca_core

    assert register is wca_core.register
