"""Values of plugins as JSON and as text: the same bytes for the same value, in every process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TypeAlias

from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.shown import shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def as_json_value(value: object) -> Json:
    """Numbers, text, lists and mappings as they are; sets in order; of anything else the `repr`."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[return-value]
    if isinstance(value, RDTAllocation):
        known = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: line for name, line in known.items() if line is not None}
    if isinstance(value, Mapping):
        return {str(name): as_json_value(one) for name, one in value.items()}
    if isinstance(value, set | frozenset):
        return [as_json_value(one) for one in sorted(value, key=lambda one: (str(type(one)), _ordered(one)))]
    if isinstance(value, list | tuple):
        return [as_json_value(one) for one in value]
    return shown(value, 200)


def as_text(value: object) -> str:
    """`0.5`, `0-3,8`, `[1, 2]`, `name=web l3=L3:0=f`."""
    plain = as_json_value(value)
    if isinstance(plain, dict):
        return " ".join(f"{name}={one}" for name, one in plain.items()) or "{}"
    return plain if isinstance(plain, str) else str(plain)


def _ordered(one: object) -> tuple[int, float, str]:
    is_number = isinstance(one, int | float)
    return (0, float(one), "") if is_number else (1, 0.0, shown(one, 200))  # type: ignore[arg-type]
