"""The value of an allocation of type `rdt`: a control group of resctrl and what it may use.

Lines are those of the kernel's `schemata` files: `L3:0=00ff;1=00ff`, `MB:0=40;1=40`
(Documentation/filesystems/resctrl.rst). What they may hold on a machine is for the plugin `rdt` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from wca_core.errors import ContractError

PREFIXES = {
    "l3": "L3:",
    "l3_code": "L3CODE:",
    "l3_data": "L3DATA:",
    "l2": "L2:",
    "mb": "MB:",
    "smba": "SMBA:",
}
"""What a line of each field begins with, in the order in which lines are written."""


@dataclass(frozen=True, slots=True)
class RDTAllocation:
    """A control group by name, and its lines; a line that is None or empty stays as it is."""

    name: str | None = None
    """None: a group of the task's own, named after its cgroup; empty: the root group."""
    l3: str | None = None
    """Cache ways by L3 domain, hexadecimal masks."""
    mb: str | None = None
    """Memory bandwidth by domain: percent, MiB/s or units of 1/8 GB/s, as the machine counts."""
    l3_code: str | None = None
    l3_data: str | None = None
    l2: str | None = None
    smba: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value is None or isinstance(value, str)):
                raise ContractError(f"rdt: field {field.name}: text expected, found {value!r}")

    def lines(self) -> Iterator[tuple[str, str]]:
        """Field and line of all that is to be changed, in the order in which they are written."""
        for name in PREFIXES:
            if line := getattr(self, name):
                yield name, line


def parse_line(field: str, line: str) -> dict[int, str]:
    """The values of a line by domain, blanks around items removed. Raises `ContractError` that says what is wrong."""
    prefix = PREFIXES[field]
    stripped = line.strip()
    if not stripped.startswith(prefix):
        raise ContractError(f"{prefix}... expected, found {line!r}")
    values: dict[int, str] = {}
    for item in stripped[len(prefix) :].split(";"):
        domain, equals, value = (part.strip() for part in item.partition("="))
        if not (equals and value and domain.isascii() and domain.isdigit()):
            raise ContractError(f"{prefix}: domain=value expected, found {item!r} in {line!r}")
        if int(domain) in values:
            raise ContractError(f"{prefix}: domain {int(domain)} stands twice in {line!r}")
        values[int(domain)] = value
    return values


def parse_mask(text: str) -> int:
    """A mask of cache ways, hexadecimal with or without `0x`. Raises `ContractError`."""
    try:
        if not text or text[0] in "+-" or "_" in text:
            raise ValueError(text)
        return int(text, 16)
    except ValueError as error:
        raise ContractError(f"a hexadecimal mask expected, found {text!r}") from error
