"""What a machine lets be divided among control groups, and which amounts it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import parse_mask
from wca_rdt.resctrl.control.schemata import APART, Values
from wca_rdt.resctrl.control.units import Unit, most_of, unit_of
from wca_rdt.resctrl.information import BandwidthControl, CacheControl, Information


class Resource(Protocol):
    """A cache, or the way to memory."""

    @property
    def domains(self) -> tuple[int, ...]: ...

    @property
    def most(self) -> int:
        """What takes nothing away."""

    def amount(self, text: str) -> int:
        """What the kernel makes of this. Raises `ContractError` if it would take it not."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Its ways are given as masks."""

    name: str
    domains: tuple[int, ...]
    limits: CacheControl

    @property
    def most(self) -> int:
        return self.limits.cbm_mask

    def amount(self, text: str) -> int:
        mask, whole, least = parse_mask(text), self.limits.cbm_mask, max(1, self.limits.min_cbm_bits)
        if mask & ~whole:
            raise ContractError(f"{self.name}: a mask within {whole:x} expected, found {text!r}")
        if mask.bit_count() < least:
            raise ContractError(f"{self.name}: a mask of at least {least} bits expected, found {text!r}")
        if not self.limits.sparse_masks and not _is_in_one_piece(mask):
            raise ContractError(f"{self.name}: a mask without gaps expected, found {text!r} (info/{self.name})")
        return mask


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Memory bandwidth in the unit of the machine."""

    name: str
    domains: tuple[int, ...]
    limits: BandwidthControl
    unit: Unit
    most: int

    @property
    def least(self) -> int:
        return 1 if self.unit == "mbps" else self.limits.min_bandwidth

    def amount(self, text: str) -> int:
        """Percents are rounded up to the next step, as the hardware has it."""
        if not (text.isascii() and text.isdigit()):
            raise ContractError(f"{self.name}: a whole number expected, found {text!r}")
        value = int(text)
        if not self.least <= value <= self.most:
            raise ContractError(f"{self.name}: {self.least} to {self.most} ({self.unit}) expected, found {text}")
        if self.unit != "percent":
            return value
        step = self.limits.bandwidth_gran
        return min(-(-value // step) * step, self.most)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that this machine lets be divided."""

    resources: Mapping[str, Resource] = field(default_factory=dict)
    """By the name that its line in `schemata` has."""
    closids: int = 1
    """Control groups that there can be, with the root."""

    @property
    def has_cache(self) -> bool:
        return bool({"L3", *APART["L3"]} & self.resources.keys())

    @property
    def has_bandwidth(self) -> bool:
        return "MB" in self.resources

    @property
    def unit(self) -> Unit | None:
        bandwidth = self.resources.get("MB")
        return bandwidth.unit if isinstance(bandwidth, Bandwidth) else None

    def names(self, resource: str) -> tuple[str, ...]:
        """The lines that a resource has here: two where code and data are apart, none where it cannot be divided."""
        if resource in self.resources:
            return (resource,)
        return tuple(name for name in APART.get(resource, ()) if name in self.resources)


def offered(information: Information, root: Values, options: Collection[str], vendor: str) -> Offer:
    """`root`: the `schemata` of the root group, before we write there; `options`: those of the mount."""
    resources: dict[str, Resource] = {}
    for name, amounts in root.items():
        domains = tuple(sorted(amounts))
        if name in information.caches:
            resources[name] = Cache(name, domains, information.caches[name])
        elif name in information.bandwidths:
            limits = information.bandwidths[name]
            unit = unit_of(options if name == "MB" else (), vendor, limits.min_bandwidth, amounts.values())
            resources[name] = Bandwidth(name, domains, limits, unit, most_of(unit, amounts.values()))
    return Offer(resources, information.num_closids or 1)


def _is_in_one_piece(mask: int) -> bool:
    lowest = mask & -mask
    return mask & (mask + lowest) == 0
