"""`schemata`: its lines as values, and what the kernel says of those that it refuses (ctrlmondata.c)."""

import errno
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plugins.wca_rdt.tests.resctrl.emulator.hardware import Bandwidth, Cache
from plugins.wca_rdt.tests.resctrl.emulator.status import Status

UNLIMITED = 4294967295
"""What `MB` says in a mount with mba_MBps, where nothing has been set."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One name of the file; `is_megabytes` is the unit of mba_MBps."""

    name: str
    domains: tuple[int, ...]
    cache: Cache | None = None
    bandwidth: Bandwidth | None = None
    is_megabytes: bool = False

    @property
    def default(self) -> int:
        """What each domain has in the root of a fresh mount."""
        if self.cache is not None:
            return self.cache.full
        assert self.bandwidth is not None
        return UNLIMITED if self.is_megabytes else self.bandwidth.most

    def value_of(self, text: str, status: Status) -> int:
        """The number in `text`; raises OSError EINVAL with the kernel's words in `status`."""
        if self.cache is not None:
            return mask_of(text, self.cache, status)
        assert self.bandwidth is not None
        return bandwidth_of(text, self.bandwidth, self.is_megabytes, status)


@dataclass(frozen=True, slots=True)
class Layout:
    """The resources in the file's order, and how wide names and values are printed."""

    resources: Sequence[Resource]
    name_width: int
    value_width: int
    by_name: Mapping[str, Resource] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {resource.name: resource for resource in self.resources})

    def line(self, resource: Resource, values: Mapping[int, int]) -> str:
        """One line: masks with leading zeros, bandwidth with leading blanks."""
        style = f"0{self.value_width}x" if resource.cache is not None else f"{self.value_width}d"
        items = ";".join(f"{domain}={value:{style}}" for domain, value in values.items())
        return f"{resource.name:>{self.name_width}}:{items}\n"


Staged = dict[tuple[str, int], int]
"""(resource's name, domain) to the value asked for."""


def parse_schemata(text: str, layout: Layout, status: Status) -> Staged:
    """What `text`, without its last newline, asks for; raises OSError EINVAL."""
    staged: Staged = {}
    for line in text.split("\n"):
        name, separator, items = line.partition(":")
        name = name.strip()
        if not separator:
            status.refuse(errno.EINVAL, "Missing ':'")
        if not items:
            status.refuse(errno.EINVAL, f"Missing '{name}' value")
        if name not in layout.by_name:
            status.refuse(errno.EINVAL, f"Unknown or unsupported resource name '{name}'")
        stage_line(items, layout.by_name[name], staged, status)
    return staged


def stage_line(items: str, resource: Resource, staged: Staged, status: Status) -> None:
    """Adds each domain's value to `staged`; an unknown domain is refused without a word."""
    while items:
        item, _, items = items.partition(";")
        domain, separator, text = item.partition("=")
        if not separator or not re.fullmatch(r"\+?\d+", domain):
            status.refuse(errno.EINVAL, "Missing '=' or non-numeric domain")
        key = (resource.name, int(domain))
        if key[1] not in resource.domains:
            status.refuse(errno.EINVAL)
        if key in staged:
            status.refuse(errno.EINVAL, f"Duplicate domain {key[1]}")
        staged[key] = resource.value_of(text.strip(), status)


def mask_of(text: str, cache: Cache, status: Status) -> int:
    """A mask that the cache can have."""
    if not re.fullmatch(r"\+?(0[xX])?[0-9a-fA-F]+", text):
        status.refuse(errno.EINVAL, f"Non-hex character in the mask {text}")
    mask = int(text, 16)
    if mask > cache.full or (mask == 0 and cache.least_bits > 0):
        status.refuse(errno.EINVAL, "Mask out of range")
    if not cache.is_sparse and "0" in f"{mask:b}".strip("0"):
        status.refuse(errno.EINVAL, f"The mask {mask:x} has non-consecutive 1-bits")
    if first_run(mask) < cache.least_bits:
        status.refuse(errno.EINVAL, f"Need at least {cache.least_bits} bits in the mask")
    return mask


def first_run(mask: int) -> int:
    """How many bits are set from the lowest one on."""
    lowest = mask >> ((mask & -mask).bit_length() - 1) if mask else 0
    return (~lowest & (lowest + 1)).bit_length() - 1


def bandwidth_of(text: str, bandwidth: Bandwidth, is_megabytes: bool, status: Status) -> int:
    """A value that the throttle can have: rounded up to its steps, in megabytes as it is."""
    if not re.fullmatch(r"\+?\d+", text) or int(text) > UNLIMITED:
        status.refuse(errno.EINVAL, f"Invalid MB value {text}")
    value = int(text)
    if is_megabytes:
        return value
    if not bandwidth.least <= value <= bandwidth.most:
        status.refuse(errno.EINVAL, f"MB value {value} out of range [{bandwidth.least},{bandwidth.most}]")
    return -(-value // bandwidth.step) * bandwidth.step
