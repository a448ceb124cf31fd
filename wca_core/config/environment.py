"""`!Env`: values from environment variables.

| form | result if the variable is unset |
|---|---|
| `!Env NAME` | an empty text, with a warning |
| `!Env {name: NAME, default: VALUE}` | the default |
| `!Env {name: NAME, required: true}` | an error |
"""

from __future__ import annotations

import os

from wca_core.config.construction import BROKEN
from wca_core.config.masking import EnvText
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Scalar, Tree

FIELDS = ("name", "default", "required")


def env_value(tree: Tree, problems: Problems) -> object:
    """The value of a part tagged `!Env`; an `EnvText` if the variable is set; `BROKEN` after an error."""
    name, fields = _fields(tree)
    required, default = fields.get("required", False), fields.get("default")
    if not name or "=" in name or "\0" in name or not isinstance(required, bool) or fields.keys() - set(FIELDS):
        problems.error(tree.place, "!Env: a NAME or {name: NAME, default: VALUE, required: true or false} expected")
        return BROKEN
    if name in os.environ:
        return EnvText(os.environ[name])
    if required:
        problems.error(tree.place, f"!Env: the environment variable {name} is required and not set")
        return BROKEN
    if "default" not in fields:
        problems.warn(tree.place, f"!Env: the environment variable {name} is not set; an empty text is used")
    return default if "default" in fields else EnvText("")


def _fields(tree: Tree) -> tuple[str, dict[object, object]]:
    if isinstance(tree, Scalar):
        return str(tree.value or "").strip(), {}
    if not isinstance(tree, Mapping) or not all(isinstance(entry, Scalar) for entry in tree.entries.values()):
        return "", {}
    fields: dict[object, object] = {
        key: entry.value for key, entry in tree.entries.items() if isinstance(entry, Scalar) and not entry.tag
    }
    name = fields.get("name")
    return (name if isinstance(name, str) else ""), fields
