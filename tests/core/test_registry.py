"""Names to installed classes: twins, missing ones, and modules that do not import."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from wca_core.errors import PluginError
from wca_core.registry import Registry


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[Path]:
    """A folder from which modules can be imported."""
    before = set(sys.modules)
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


def registry(*pairs: tuple[str, str]) -> Registry:
    return Registry([EntryPoint(name, value, "wca.plugins") for name, value in pairs])


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        *(("import nothing_of_that_name", "ModuleNotFoundError"), ("1 / 0", "ZeroDivisionError"), ("(", "SyntaxError")),
        *(("raise SystemExit(3)", "SystemExit"), ("assert False, 'x'", "AssertionError"), ("", "AttributeError")),
    ],
)
def test_a_plugin_that_does_not_import_is_told_with_its_place_and_the_cause(
    modules: Path, code: str, cause: str
) -> None:
    (modules / "acme_broken.py").write_text(code)

    with pytest.raises(PluginError, match=f"'acme' cannot be loaded from acme_broken:Acme .*{cause}"):
        registry(("acme", "acme_broken:Acme")).load("acme")


def test_a_name_for_something_that_is_no_class_is_refused(modules: Path) -> None:
    (modules / "acme_value.py").write_text("Acme = 5")

    with pytest.raises(PluginError, match="is no class but a int"):
        registry(("acme", "acme_value:Acme")).load("acme")


def test_a_class_answers_to_its_own_name_and_to_that_of_its_entry_point(modules: Path) -> None:
    (modules / "acme_good.py").write_text("class Acme: ...")
    found = registry(("acme", "acme_good:Acme"))

    assert found.load("acme") is found.load("Acme")
    assert found.name_of(found.load("acme")) == "acme"


@pytest.mark.parametrize("other", [("perf", "b:Other"), ("Perf", "b:Other"), ("other", "b:Perf")])
def test_two_packages_that_claim_one_name_are_refused_with_both(other: tuple[str, str]) -> None:
    with pytest.raises(PluginError, match=r"a:Perf .* and b:|b:.* and a:Perf"):
        registry(("perf", "a:Perf"), other).find("perf")


def test_a_name_that_nobody_has_is_told_with_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"nothing installed answers to 'cgroups'; installed: .*did you mean cgroup"):
        Registry().find("cgroups")


def test_what_the_project_publishes_elsewhere_is_told_with_its_package() -> None:
    with pytest.raises(PluginError, match="part of the package wca-k8s"):
        Registry([]).find("KubernetesNode")


def test_a_command_that_the_project_publishes_elsewhere_is_told_with_its_package() -> None:
    with pytest.raises(PluginError, match="'top' is part of the package wca-top"):
        Registry([]).command("top")


def test_commands_are_no_plugins(modules: Path) -> None:
    found = Registry([EntryPoint("greet", "acme_greet:app", "wca.commands")])

    assert found.offers == []
    assert [str(offer) for offer in found.commands] == ["acme_greet:app (unknown package ?)"]
