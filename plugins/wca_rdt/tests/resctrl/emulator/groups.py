"""Groups: what each was given, and how masks of different groups may meet."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from plugins.wca_rdt.tests.resctrl.emulator.hardware import Cache
from plugins.wca_rdt.tests.resctrl.emulator.schemata import Layout
from plugins.wca_rdt.tests.resctrl.emulator.tree import Folder

SHAREABLE, EXCLUSIVE = "shareable", "exclusive"


@dataclass(eq=False, slots=True)
class Group:
    """A control group, or with a `parent` a monitoring group: that has the closid and the values of its parent."""

    name: str
    closid: int
    rmid: int
    parent: "Group | None" = None
    values: dict[str, dict[int, int]] = field(default_factory=dict)
    mode: str = SHAREABLE
    monitoring: "list[Group]" = field(default_factory=list)
    folder: Folder = field(default_factory=lambda: Folder("group"))

    @property
    def control(self) -> "Group":
        return self.parent or self


def masks_of_others(groups: list[Group], group: Group, name: str, domain: int) -> Iterator[tuple[Group, int]]:
    """What every other group has of `domain`, with CDP code and data alike."""
    for other in groups:
        for resource, values in other.values.items():
            if other is not group and resource[:2] == name[:2]:
                yield other, values[domain]


def first_values(groups: list[Group], group: Group, layout: Layout) -> dict[str, dict[int, int]]:
    """What a new group gets: what is free or may be shared, in one piece; of bandwidth, all."""
    values: dict[str, dict[int, int]] = {}
    for resource in layout.resources:
        values[resource.name] = dict.fromkeys(resource.domains, resource.default)
        for domain in resource.domains if resource.cache is not None else ():
            exclusive = 0
            for other, mask in masks_of_others(groups, group, resource.name, domain):
                exclusive |= mask if other.mode == EXCLUSIVE else 0
            assert resource.cache is not None
            values[resource.name][domain] = in_one_piece(resource.cache.full & ~exclusive, resource.cache)
    return values


def in_one_piece(mask: int, cache: Cache) -> int:
    """The lowest run of bits, where masks must have only one."""
    if cache.is_sparse or not mask:
        return mask
    lowest = mask & -mask
    return mask & ~(mask + lowest)


def usage_letters(groups: list[Group], name: str, domain: int, cache: Cache) -> str:
    """`bit_usage` of one domain, highest bit first: see resctrl.rst."""
    shared = exclusive = 0
    for group in groups:
        for resource, values in group.values.items():
            if resource[:2] == name[:2] and group.mode == EXCLUSIVE:
                exclusive |= values[domain]
            elif resource[:2] == name[:2]:
                shared |= values[domain]
    return "".join(usage_letter(1 << bit, shared, exclusive, cache) for bit in reversed(range(cache.mask_bits)))


def usage_letter(bit: int, shared: int, exclusive: int, cache: Cache) -> str:
    if cache.shareable & bit:
        return "X" if (shared | exclusive) & bit else "H"
    if shared & bit:
        return "S"
    return "E" if exclusive & bit else "0"
