"""What a module imports for type checkers only lies below it too: else two modules need each other to be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_architecture import CORE, MODULES, imports, layer, name_of

QUESTIONS = {"model.requirement": {"wca_core.host"}}
"""A requirement is a question to the host: its functions take one."""


@pytest.mark.parametrize("path", [path for path in MODULES if path != CORE / "__init__.py"], ids=name_of)
def test_imports_for_types_go_down_only(path: Path) -> None:
    own = layer(name_of(path)) or 0

    above = {module for module in imports(path) if module.startswith("wca_core.") and (layer(module) or 0) > own}

    assert above == QUESTIONS.get(name_of(path), set())
