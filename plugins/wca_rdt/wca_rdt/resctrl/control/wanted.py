"""An `RDTAllocation` as values that this machine can have, and how they differ from those of a group.

| a line | is for |
|---|---|
| `l3` where code and data are apart | both |
| `l3` and `l3_code` | data as the one, code as the other says |
| `l3_code` where they are not apart | refused |
| of some domains | those; the others stay |
"""

from __future__ import annotations

from dataclasses import dataclass

from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import PREFIXES, RDTAllocation, parse_line
from wca_rdt.resctrl.control.resources import Offer, Resource
from wca_rdt.resctrl.control.schemata import APART, FIELDS, ORDER, Values, written
from wca_rdt.resctrl.names import LONGEST, RESERVED


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a task shall have: a group, and of that group these values."""

    group: str
    values: Values


def values_of(allocation: RDTAllocation, offer: Offer) -> dict[str, dict[int, int]]:
    """The values of its lines, rounded as the kernel does. Raises `ContractError` that says what is wrong."""
    values: dict[str, dict[int, int]] = {}
    for field, line in allocation.lines():
        names = offer.names(FIELDS[field])
        if not names:
            known = ", ".join(offer.resources) or "nothing"
            raise ContractError(f"{field}: this machine cannot divide {FIELDS[field]}, only {known}, found {line!r}")
        for name in names:
            values.setdefault(name, {}).update(_amounts(field, line, offer.resources[name]))
    return {name: values[name] for name in ORDER if name in values}


def check_group_name(name: str) -> None:
    """Raises `ContractError` for what cannot be the name of a control group; empty is the root's."""
    is_odd = "/" in name or "\n" in name or "\0" in name or name in (".", "..") or len(name.encode()) > LONGEST
    if is_odd or name in RESERVED:
        raise ContractError(f"name: one that a directory of resctrl can have expected, found {name!r:.80}")


def differing(values: Values, now: Values) -> dict[str, dict[int, int]]:
    """The resources of which at least one value is another now."""
    return {
        name: dict(amounts)
        for name, amounts in values.items()
        if any(now.get(name, {}).get(domain) != amount for domain, amount in amounts.items())
    }


def is_less(values: Values, now: Values) -> bool:
    """Whether nothing of this is more than there is now."""
    return all(
        amount & ~now.get(name, {}).get(domain, 0) == 0
        if name.startswith(("L3", "L2"))
        else amount <= now.get(name, {}).get(domain, 0)
        for name, amounts in values.items()
        for domain, amount in amounts.items()
    )


def spelled(wanted: Wanted, known: RDTAllocation | None) -> RDTAllocation:
    """As an allocation that is in force then. `known`: what the same group has now; None: the task is moved."""
    lines = dict(known.lines()) if known is not None else {}
    for name, amounts in wanted.values.items():
        lines.update({field: written(name, amounts) for field, resource in FIELDS.items() if resource == name})
    for whole, (code, data) in APART.items():
        if code in wanted.values and wanted.values[code] == wanted.values.get(data):
            lines[_FIELD[whole]] = written(whole, wanted.values[code])
            for part in (code, data):
                lines.pop(_FIELD.get(part, ""), None)
        elif code in wanted.values or data in wanted.values:
            lines.pop(_FIELD[whole], None)
    return RDTAllocation(wanted.group, **lines)


_FIELD = {resource: field for field, resource in FIELDS.items()}


def _amounts(field: str, line: str, resource: Resource) -> dict[int, int]:
    amounts: dict[int, int] = {}
    for domain, text in parse_line(field, line).items():
        if domain not in resource.domains:
            known = ", ".join(map(str, resource.domains))
            raise ContractError(f"{PREFIXES[field]} a domain of {known} expected, found {domain} in {line!r}")
        amounts[domain] = resource.amount(text)
    return amounts
