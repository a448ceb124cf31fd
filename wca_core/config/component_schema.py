"""What fields a component takes, as JSON Schema: from the types, defaults and descriptions of its class."""

from __future__ import annotations

import dataclasses
import enum
import json
import logging
from collections.abc import Mapping

from wca_core.config.descriptions import description_of, field_descriptions
from wca_core.config.misfit import UncheckableError
from wca_core.config.schema import MERGE, NULL, Json, Values, any_of
from wca_core.config.signature import Parameter, parameters_of

log = logging.getLogger("wca.schema")

NONE_GIVEN: Json = {"type": ["object", "string"], "maxLength": 0}
"""An editor takes a tag with nothing behind it for an empty text."""


def fields_of(cls: type) -> Mapping[str, Parameter]:
    """The fields of a class; any fields if they cannot be found out."""
    try:
        return parameters_of(cls)
    except (TypeError, ValueError) as error:
        lack = f"those of the class cannot be found out: {error}"
        return {"fields": Parameter("fields", None, None, lack, takes_others=True)}


def needs_fields(cls: type) -> bool:
    """Whether a component cannot be made without any field."""
    return any(parameter.is_required for parameter in fields_of(cls).values())


def component_schema(cls: type, tag: str, values: Values, more: Mapping[str, Json]) -> Json:
    """What may stand behind a tag. `more`: fields that others than the class take."""
    title: Json = {"title": f"!{tag}"}
    if text := description_of(cls):
        title["description"] = text
    if issubclass(cls, enum.Enum):
        return {**title, "enum": [member.value for member in cls]}
    fields = fields_schema(cls, tag, values, more)
    return {**title, **fields, **({} if needs_fields(cls) else NONE_GIVEN)}


def fields_schema(cls: type, place: str, values: Values, more: Mapping[str, Json]) -> Json:
    """The fields of a class as a mapping."""
    parameters = fields_of(cls)
    fields = {
        name: field_schema(cls, parameter, place, values)
        for name, parameter in parameters.items()
        if not parameter.takes_others
    }
    others = next((parameter for parameter in parameters.values() if parameter.takes_others), None)
    return {
        "type": "object",
        "properties": {**fields, **more},
        "patternProperties": MERGE,
        "required": [parameter.name for parameter in parameters.values() if parameter.is_required],
        "additionalProperties": field_schema(cls, others, place, values) if others else False,
    }


def field_schema(cls: type, parameter: Parameter, place: str, values: Values) -> Json:
    """One field; anything, with a warning, if its type cannot be read. `place`: of the component."""
    made: Json = {}
    try:
        if parameter.lack:
            raise UncheckableError(parameter.lack)
        made = values.schema_of(parameter.hint, f"{place}.{parameter.name}")
    except UncheckableError as error:
        log.warning("field %r of %s may be anything: %s", parameter.name, place, error)
    made = any_of([made, NULL]) if parameter.default is None else made
    if text := field_descriptions(cls).get(parameter.name):
        made["description"] = text
    return made | _default(cls, parameter)


def _default(cls: type, parameter: Parameter) -> Json:
    """As far as it can be written in a file."""
    if parameter.is_required or parameter.default is None or parameter.takes_others:
        return {}
    default = parameter.default.value if isinstance(parameter.default, enum.Enum) else parameter.default
    for field in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if field.name == parameter.name and field.default_factory in (list, dict):
            default = field.default_factory()
    try:
        return {"default": json.loads(json.dumps(default, allow_nan=False))}
    except (TypeError, ValueError):
        return {}
