"""What values a type takes, as JSON Schema: told by the model that checks them.

An editor sees a component as a plain mapping and does not follow special tags, so

| a type that takes | takes in the schema |
|---|---|
| a component | the fields of any installed one that fits, or `!File` |
| a list or a mapping | the same, or `!File`; a mapping may merge others with `<<` |
| a text, number, boolean or word of an enum | the same, or `!Env` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from wca_core.config.checking import model_of
from wca_core.config.misfit import UncheckableError
from wca_core.plugin_api import hooks_of

Json: TypeAlias = "dict[str, object]"

ENV: Json = {"$ref": "#/$defs/Env"}
FILE: Json = {"$ref": "#/$defs/File"}
NULL: Json = {"type": "null"}
MERGE: Json = {"^<<$": {}}
"""As `patternProperties` of a mapping: an editor merges another one, but not an included file."""

SPECIAL: dict[str, Json] = {
    "Env": {
        "title": "!Env",
        "description": "The value of an environment variable.",
        "anyOf": [
            {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
            {
                "type": "object",
                "properties": {"name": {"type": "string"}, "default": {}, "required": {"type": "boolean"}},
                "required": ["name"],
                "additionalProperties": False,
            },
        ],
    },
    "File": {
        "title": "!File",
        "description": "The content of another file; its path is relative to this one.",
        "type": "string",
        "pattern": r"\.(ya?ml|json)$",
    },
}
"""What `ENV` and `FILE` refer to. Tags are not seen, so it must be by its form that a text is one of these."""

_SCALARS = ("string", "number", "integer", "boolean")
_CLASS = "x-wca-class"
_HOOK = "x-wca-hook"
"""Markers where a component is asked for; that of hooks is written by `HasHook`."""


def any_of(options: Iterable[Json]) -> Json:
    """What takes all that one of the options takes; without any nothing."""
    flat: list[object] = []
    for option in options:
        inner = option.get("anyOf")
        flat += inner if isinstance(inner, list) and len(option) == 1 else [option]
    unique = [option for number, option in enumerate(flat) if option not in flat[:number]]
    if {} in unique:
        return {}
    if len(unique) == 1 and isinstance(unique[0], dict):
        return dict(unique[0])
    return {"anyOf": unique} if unique else {"not": {}}


@dataclass(frozen=True, slots=True)
class Values:
    """Makes schemas of types."""

    fitting: Callable[[Callable[[type], bool]], Iterable[Json]]
    """The schemas of the components whose class passes a test."""
    definitions: dict[str, object] = field(default_factory=dict)
    """What the schemas made refer to, beside components and `SPECIAL`."""

    def schema_of(self, hint: object, place: str) -> Json:
        """What a type takes. `place`: where it stands, unique. Raises `UncheckableError` for a strange type."""
        template = f"#/$defs/{place}.{{model}}"
        model = model_of(hint)
        try:
            whole = model.model_json_schema(ref_template=template, schema_generator=_Generator)
            made = self._completed({key: part for key, part in whole["properties"]["value"].items() if key != "title"})
            inner = {f"{place}.{name}": self._completed(part) for name, part in whole.get("$defs", {}).items()}
        except Exception as error:  # annotations are code of the component
            raise UncheckableError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        assert isinstance(made, dict)
        self.definitions.update(inner)
        return made

    def _completed(self, part: object) -> object:
        """The same with components where a class or a hook is asked for, and with special tags."""
        if isinstance(part, list):
            return [self._completed(item) for item in part]
        if not isinstance(part, Mapping):
            return part
        if _CLASS in part or _HOOK in part:
            return any_of([*self.fitting(_test_of(part)), FILE])
        made = {name: item if name == "propertyNames" else self._completed(item) for name, item in part.items()}
        options = made.get("anyOf")
        if isinstance(options, list):
            return {**made, **any_of(options)}
        if isinstance(made.get("enum"), list) or made.get("type") in _SCALARS:
            return any_of([made, ENV])
        return any_of([made, FILE]) if made.get("type") in ("array", "object") else made


def _test_of(part: Mapping[str, object]) -> Callable[[type], bool]:
    """Whether instances of a class fit where a marker stands."""
    wanted, hook = part.get(_CLASS), part.get(_HOOK)
    if isinstance(wanted, type):
        return lambda cls: issubclass(cls, wanted)
    return lambda cls: bool(hooks_of(cls)) and (hook is None or hook in hooks_of(cls))


class _Generator(GenerateJsonSchema):
    """Pydantic's, with a marker where a component is asked for."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> Json:
        return {_CLASS: schema["cls"]}

    def json_or_python_schema(self, schema: core_schema.JsonOrPythonSchema) -> Json:
        inner = schema["python_schema"]
        return self.generate_inner(inner) if inner["type"] == "is-instance" else super().json_or_python_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> Json:
        """Every key must fit; pydantic would let those through that do not match a pattern."""
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        made: Json = {"type": "object", "patternProperties": MERGE, "additionalProperties": values}
        if keys.pop("type", None) == "string" and keys:
            made["propertyNames"] = {"anyOf": [keys, {"const": "<<"}]}
        return made
