"""The laws of the house: imports go down only, one door per library, no module grows out of hand."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "wca_core"
MODULES = sorted(CORE.rglob("*.py"))

LAYERS = {
    "errors": 0,
    "model": 1,
    "linux": 1,
    "plugin_api": 1,
    "registration": 1,
    "logs": 1,
    "hookspecs": 2,
    "host": 2,
    "inventory": 2,
    "lock": 2,
    "file_write": 2,
    "spelling": 2,
    "per_task": 2,
    "allocation_configuration": 2,
    "tls": 3,
    "net": 3,
    "processes": 2,
    "config": 2,
    "needs": 2,
    "dispatch": 3,
    "gathering": 3,
    "storing": 3,
    "registry": 3,
    "known_packages": 0,
    "adapters": 3,
    "exposition": 3,
    "openmetrics": 3,
    "selfmetrics": 3,
    "anomalies": 3,
    "unmeasured": 4,
    "write_kinds": 3,
    "audit": 3,
    "journal": 3,
    "transaction": 3,
    "enforcement": 3,
    "allocation_metrics": 3,
    "overview": 3,
    "agent": 4,
    "allocating": 4,
    "discovery": 4,
    "labelling": 4,
    "readiness": 4,
    "loop": 4,
    "service": 1,
    "signals": 4,
    "state_dump": 3,
    "plan": 4,
    "settings": 4,
    "runners": 4,
    "short_form": 4,
    "configuration": 4,
    "catalogue": 5,
    "metric_catalogue": 5,
    "outline": 5,
    "doctor": 5,
    "schema": 5,
    "scaffold": 5,
    "plugin_check": 5,
    "cli": 5,
    "testing": 5,
    "builtin": 6,
}

DOORS = {
    "yaml": {"config.loader", "config.dump"},
    "pydantic": {"config.checking", "config.field_types", "config.schema"},
    "pydantic_core": {"config.checking", "config.field_types", "config.schema"},
    "stevedore": {"registry"},
    "urllib3": {"net.client", "net.connections", "net.punctual", "net.refusals"},
    "pluggy": {"plugin_api", "dispatch"},
    "typer": {
        "cli",
        *(f"cli.{name}" for name in ("options", "run", "check", "doctor", "metrics", "plugin", "plugins", "commands")),
        "cli.restore",
    },
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, *, with_types: bool = True) -> Iterator[str]:
    """The modules a file imports, also inside functions; those for type checkers only if asked."""
    tree = ast.parse(path.read_text())
    skipped = set() if with_types else set(ast.walk(ast.Module(body=list(type_checking(tree)), type_ignores=[])))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def type_checking(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from node.body


def layer(module: str) -> int | None:
    return LAYERS.get(module.removeprefix("wca_core.").split(".")[0])


@pytest.mark.parametrize("path", [path for path in MODULES if path != CORE / "__init__.py"], ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    own = layer(name_of(path))

    above = [
        module
        for module in imports(path, with_types=False)
        if module.startswith("wca_core.")
        and (layer(module) is None or layer(module) > (own if own is not None else -1))
    ]

    assert own is not None, f"{path} is in no layer: name it in LAYERS"
    assert above == []


@pytest.mark.parametrize("path", sorted((CORE / "model").glob("*.py")), ids=name_of)
def test_the_model_knows_nothing_of_the_kernel(path: Path) -> None:
    assert [module for module in imports(path, with_types=False) if module.startswith("wca_core.linux")] == []


@pytest.mark.parametrize("path", sorted((CORE / "linux").glob("*.py")), ids=name_of)
def test_the_kernel_layer_knows_nothing_of_the_model(path: Path) -> None:
    assert [module for module in imports(path) if module.startswith("wca_core.model")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_library_has_one_door(path: Path) -> None:
    own = name_of(path)

    through_the_window = [module for module in imports(path) if own not in DOORS.get(module.split(".")[0], {own})]

    assert through_the_window == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_longer_than_350_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350


def test_no_function_is_longer_than_70_lines() -> None:
    functions = [
        (node.end_lineno - node.lineno + 1, f"{name_of(path)}.{node.name}")
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    ]

    assert [name for lines, name in functions if lines > 70] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
