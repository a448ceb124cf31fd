"""Values of plugins as JSON text and back: what JSON cannot say is tagged, what nobody can say becomes its text.

| Python | JSON |
|---|---|
| str, int, float, bool, None, list | the same; `NaN`, `Infinity`, `-Infinity` as Python writes them |
| an int of more than 1000 digits | `{"!int": "0x..."}` |
| dict whose keys are texts, none of which begins with `!` | an object |
| another mapping | `{"!mapping": [[key, value], ...]}` |
| tuple, set, frozenset | `{"!tuple": [...]}`, `{"!set": [...]}`, `{"!frozenset": [...]}` |
| RDTAllocation | `{"!rdt": {field: line}}` without those that are None |
| another dataclass | `{"!fields": {field: value}}`: read as an object with these attributes, of no class |
| anything else | `{"!object": "its text"}`: read as that text |

Lone surrogates, as Python uses for bytes that are no UTF-8, are escaped by JSON and survive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any

from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.shown import shown

_SAME = frozenset({str, float, bool, type(None)})
_COLLECTIONS: dict[type, str] = {tuple: "!tuple", set: "!set", frozenset: "!frozenset"}
DEEPEST = 50
"""Levels of nesting: what contains itself would never end."""
LONGEST_DECIMAL = 3000
"""Bits of an int that is written in decimal: Python limits the digits that it reads."""


def dumps(value: object) -> str:
    """JSON text of any value; never raises."""
    return json.dumps(plain(value), separators=(",", ":"))


def loads(text: str) -> Any:
    """The value again. Raises `ContractError` for what `dumps` does not write."""
    try:
        return json.loads(text, object_hook=_untagged)
    except (ValueError, TypeError, KeyError, RecursionError, ContractError) as error:
        raise ContractError(f"JSON as of a recording expected, found {text[:80]!r} ({error})") from error


def plain(value: object, depth: int = 0) -> object:
    """A value that JSON can say."""
    kind = type(value)
    if kind in _SAME:
        return value
    if depth > DEEPEST:
        return {"!object": shown(value)}
    if isinstance(value, int):
        return _plain_int(int(value))
    if isinstance(value, str | float):
        return str(value) if isinstance(value, str) else float(value)
    if kind is list or kind in _COLLECTIONS:
        return _plain_items(value, depth + 1)
    if isinstance(value, Mapping):
        return _plain_mapping(value, depth + 1)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value, depth + 1)
    return {"!object": shown(value)}


def _plain_int(value: int) -> object:
    return value if value.bit_length() <= LONGEST_DECIMAL else {"!int": hex(value)}


def _plain_items(value: Any, depth: int) -> object:
    items = [plain(item, depth) for item in value]
    tag = _COLLECTIONS.get(type(value))
    if tag in ("!set", "!frozenset"):
        items.sort(key=lambda item: json.dumps(item))  # the same set gives the same text
    return {tag: items} if tag else items


def _plain_mapping(value: Mapping[Any, Any], depth: int) -> object:
    if all(type(key) is str and not key.startswith("!") for key in value):
        return {key: plain(item, depth) for key, item in value.items()}
    return {"!mapping": [[plain(key, depth), plain(item, depth)] for key, item in value.items()]}


def _plain_fields(value: Any, depth: int) -> object:
    found = {one.name: getattr(value, one.name, None) for one in fields(value) if not one.name.startswith("_")}
    if isinstance(value, RDTAllocation):
        return {"!rdt": {name: line for name, line in found.items() if line is not None}}
    return {"!fields": {name: plain(item, depth) for name, item in found.items()}}


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        tag, content = next(iter(found.items()))
        if tag.startswith("!"):
            return _TAGS[tag](content)
    return found


def _pairs(content: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    return {key: value for key, value in content}  # noqa: C416  pairs are lists, which may be of a wrong length


_TAGS: Mapping[str, Callable[[Any], object]] = {
    "!int": lambda text: int(text, 16),
    "!mapping": _pairs,
    "!tuple": tuple,
    "!set": set,
    "!frozenset": frozenset,
    "!rdt": lambda lines: RDTAllocation(**lines),
    "!fields": lambda found: SimpleNamespace(**found),
    "!object": str,
}
