"""What the author of a class wrote about it and its fields, as one line each.

A field is described by the text that stands below it in the body of the class; Python does not keep that, so
it is read from the source. Where there is no source there are no descriptions.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise


def description_of(cls: type) -> str:
    """The first paragraph about a class; empty if its author wrote nothing."""
    text = cls.__doc__ or ""
    is_made_up = is_dataclass(cls) and text.startswith(f"{cls.__name__}(")
    return "" if is_made_up else _first_paragraph(text)


def field_descriptions(cls: type) -> dict[str, str]:
    """The first paragraphs about the fields of a class and of those it inherits from, by name."""
    found: dict[str, str] = {}
    for parent in reversed(cls.__mro__[:-1]):
        found |= _in_body(parent)
    return found


@cache
def _in_body(cls: type) -> dict[str, str]:
    try:
        (statement,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return {}
    body = statement.body if isinstance(statement, ast.ClassDef) else []
    return {
        field.target.id: _first_paragraph(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
