"""The page of the hooks: what `wca_core/hookspecs.py` says, and nothing else."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module

from docs.generate.classes import class_lines
from wca_core import hookspecs

OWN = ("wca_core.model", "wca_core.host")
HEADING = re.compile(r"^# -- (.*?) -*$", re.MULTILINE)


def page() -> str:
    """Markdown, without the title of the page."""
    source = inspect.getsource(hookspecs)
    return "\n".join([inspect.cleandoc(hookspecs.__doc__ or ""), "", *_sections(source), *_types(source)])


def _sections(source: str) -> Iterator[str]:
    headings = [(source.count("\n", 0, found.start()) + 1, found[1]) for found in HEADING.finditer(source)]
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    for (line, title), (following, _) in zip(headings, [*headings[1:], (len(source), "")], strict=True):
        yield f"## {title.capitalize()}\n"
        for function in functions:
            if line < function.lineno < following:
                yield from _hook(function)


def _hook(function: ast.FunctionDef) -> Iterator[str]:
    assert function.returns is not None, function.name
    yield f"### {function.name}\n"
    yield f"```python\n{_signature(function)}\n```\n"
    yield f"{ast.get_docstring(function)}\n"
    if items := _yielded(function.returns):
        yield f"Yields: {', '.join(f'`{item}`' for item in items)}.\n"


def _types(source: str) -> Iterator[str]:
    """What the annotations of the hooks name: the imports for type checkers."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    homes = {name.name: node.module for node in imports for name in node.names if (node.module or "").startswith(OWN)}
    yield "## What hooks are given and give\n"
    yield "All that `from wca_core import ...` offers, with how it is made: [Python names](python.md).\n"
    for name, module in sorted(homes.items()):
        cls = getattr(import_module(module or ""), name)
        if isinstance(cls, type):
            yield from class_lines(cls)


def _signature(function: ast.FunctionDef) -> str:
    assert function.returns is not None
    return f"def {function.name}({ast.unparse(function.args)}) -> {ast.unparse(function.returns)}"


def _yielded(returns: ast.expr) -> list[str]:
    """`Iterable[Sample | Block] | None` yields Sample and Block; None yields nothing."""
    inner = next((node.slice for node in ast.walk(returns) if isinstance(node, ast.Subscript)), None)
    return [] if inner is None else [ast.unparse(item) for item in _alternatives(inner)]


def _alternatives(expression: ast.expr) -> Iterator[ast.expr]:
    if isinstance(expression, ast.BinOp):
        yield from _alternatives(expression.left)
        yield from _alternatives(expression.right)
    else:
        yield expression
