"""Classes that become components by `-r` or by the decorator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wca_core.errors import ConfigurationError, PluginError
from wca_core.registration import register, register_named, registered
from wca_core.registry import Registry


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    before = dict(registered)
    yield
    registered.clear()
    registered.update(before)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with a class, one within it, and something else."""
    (tmp_path / "acme_things.py").write_text("class Outer:\n    class Inner: ...\nnumber = 5\n")
    (tmp_path / "acme_broken.py").write_text("import sys\nsys.exit('no')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "acme_things"


def refused(value: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        register_named(value)
    return str(caught.value)


def test_a_class_is_registered_by_its_module_and_name(module: str) -> None:
    register_named(f"{module}:Outer")

    assert Registry().load("Outer").__module__ == module


def test_a_class_within_a_class_is_registered_by_its_own_name(module: str) -> None:
    register_named(f"{module}:Outer.Inner")

    assert Registry().load("Inner").__qualname__ == "Outer.Inner"


@pytest.mark.parametrize("value", ["acme_things", ":Outer", "acme_things:", ""])
def test_a_value_of_another_form_is_refused(module: str, value: str) -> None:
    assert refused(value) == f"-r {value}: package.module:Class expected"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("acme_nowhere:Outer", "ModuleNotFoundError: No module named 'acme_nowhere' (is its directory in PYTHONPATH?)"),
        ("acme_things:Other", "AttributeError: module 'acme_things' has no attribute 'Other'"),
        ("acme_things:number", "a class expected, found a int"),
        ("acme_broken:Outer", "SystemExit: no (FOLDER/acme_broken.py:2)"),
        (
            "acme_lacking:Outer",
            "ModuleNotFoundError: No module named 'acme_nowhere' (FOLDER/acme_lacking.py:3) "
            "(is it installed, or its directory in PYTHONPATH?)",
        ),
    ],
)
def test_what_cannot_be_registered_is_told_with_the_cause_and_its_line(
    module: str, tmp_path: Path, value: str, told: str
) -> None:
    (tmp_path / "acme_lacking.py").write_text("import os\n\nimport acme_nowhere\n")

    assert refused(value) == f"-r {value}: {told}".replace("FOLDER", str(tmp_path))


def test_a_decorated_class_is_a_component() -> None:
    @register
    class Own: ...

    assert Registry().load("Own") is Own


def test_a_class_may_be_registered_without_types() -> None:
    @register(strict_mode=False)
    class Own: ...

    assert not Registry().is_strict(Own)
    assert Registry().is_strict(Path)


def test_a_later_class_of_the_same_name_replaces_the_earlier_one(caplog: pytest.LogCaptureFixture) -> None:
    register(type("Own", (), {}))
    later = register(type("Own", (), {}))

    assert Registry().load("Own") is later
    assert "!Own now means " in caplog.text


def test_registering_the_same_class_again_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    own = type("Own", (), {})
    register(register(own))

    assert caplog.text == ""


def test_a_registered_class_goes_before_an_installed_one_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    own = register(type("StaticNode", (), {}))

    assert Registry().load("StaticNode") is own
    assert "!StaticNode means " in caplog.text
    assert "wca_core.builtin.static_node:StaticNode" in caplog.text


def test_a_registered_class_is_among_the_names_that_are_offered() -> None:
    register(type("AcmeDetector", (), {}))

    with pytest.raises(PluginError, match=r"did you mean AcmeDetector\?"):
        Registry().load("AcmeDetectr")
