"""The lines of a group's `schemata`: Documentation/filesystems/resctrl.rst of the kernel.

        MB:0= 100;1= 100
        L3:0=7ff;1=7ff

Masks are hexadecimal, bandwidths decimal; names and values may have blanks before them. With code and data apart
there are lines `L3CODE` and `L3DATA` instead of `L3`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import RDTAllocation

Amounts: TypeAlias = Mapping[int, int]
"""By domain: masks or bandwidths."""

Values: TypeAlias = Mapping[str, Amounts]
"""By name of the resource: `L3`, `L3CODE`, `L3DATA`, `L2`, `MB`, `SMBA`."""

FIELDS = {"l3": "L3", "l3_code": "L3CODE", "l3_data": "L3DATA", "l2": "L2", "mb": "MB", "smba": "SMBA"}
"""The resource of each field of an `RDTAllocation`."""

APART = {"L3": ("L3CODE", "L3DATA"), "L2": ("L2CODE", "L2DATA")}
"""What stands in the place of a cache whose code and data are apart."""

ORDER = ("L3", *APART["L3"], "L2", *APART["L2"], "MB", "SMBA")
"""In which lines are written."""

_CACHES = ("L3", "L2")


def is_cache(name: str) -> bool:
    return name.startswith(_CACHES)


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """The names of resources and their lines, stripped."""
    for line in text.splitlines():
        name, colon, _ = line.strip().partition(":")
        if colon:
            yield name, line.strip()


def parse_schemata(text: str) -> dict[str, dict[int, int]]:
    """All values. Raises `ContractError` that names the line."""
    return {name: _amounts(line, name) for name, line in lines_of(text)}


def written(name: str, amounts: Amounts) -> str:
    """The line of a resource."""
    items = (f"{domain}={amount:x}" if is_cache(name) else f"{domain}={amount}" for domain, amount in amounts.items())
    return f"{name}:{';'.join(items)}"


def allocation_of(group: str, text: str) -> RDTAllocation:
    """What a group may use, by its `schemata`; a cache with equal code and data as one. Raises `ContractError`."""
    lines, values = dict(lines_of(text)), parse_schemata(text)
    for name, (code, data) in APART.items():
        if code in values and values[code] == values.get(data):
            lines[name] = written(name, values[code])
            del lines[code], lines[data]
    return RDTAllocation(group, **{field: lines[name] for field, name in FIELDS.items() if name in lines})


def _amounts(line: str, name: str) -> dict[int, int]:
    base = 16 if is_cache(name) else 10
    try:
        items = (item.split("=") for item in line.partition(":")[2].split(";"))
        return {int(domain): int(amount, base) for domain, amount in items}
    except ValueError as error:
        raise ContractError(f"schemata: domain=value;... expected, found {line!r}") from error
