"""The files of a group and of `info`, as texts over what the groups and the hardware hold."""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

from plugins.wca_rdt.tests.resctrl.emulator.assignment import assign
from plugins.wca_rdt.tests.resctrl.emulator.groups import EXCLUSIVE, SHAREABLE, Group, masks_of_others, usage_letters
from plugins.wca_rdt.tests.resctrl.emulator.hardware import UNIT
from plugins.wca_rdt.tests.resctrl.emulator.layout import (
    closids_of,
    constant,
    describe_bandwidth,
    describe_cache,
    describe_monitoring,
    value_text,
)
from plugins.wca_rdt.tests.resctrl.emulator.schemata import Staged, parse_schemata
from plugins.wca_rdt.tests.resctrl.emulator.tree import File

if TYPE_CHECKING:
    from plugins.wca_rdt.tests.resctrl.emulator.filesystem import Resctrl


def control_files(resctrl: Resctrl, group: Group) -> None:
    """What a control group has and a monitoring group has not."""
    files = group.folder.children
    if resctrl.hardware.has_allocation:
        files["schemata"] = File(partial(schemata_text, resctrl, group), partial(write_schemata, resctrl, group))
        files["size"] = File(partial(size_text, resctrl, group))
        files["mode"] = File(lambda: f"{group.mode}\n", partial(write_mode, resctrl, group))
    if "debug" in resctrl.options and resctrl.hardware.has_allocation:
        files["ctrl_hw_id"] = constant(group.closid)


def thread_files(resctrl: Resctrl, group: Group) -> None:
    """What every group has; only the root has cpus of its own."""
    files = group.folder.children
    count = resctrl.hardware.cpus if group is resctrl.default else 0
    files["tasks"] = File(
        lambda: "".join(f"{thread}\n" for thread in resctrl.members.members(group)),
        lambda text, writer: assign(text, writer, group, resctrl.members, resctrl.status),
    )
    files["cpus"] = constant(f"{(1 << count) - 1:x}")
    files["cpus_list"] = constant(f"0-{count - 1}" if count else "")
    if "debug" in resctrl.options and resctrl.hardware.events:
        files["mon_hw_id"] = constant(group.rmid)


def monitoring_data(resctrl: Resctrl, group: Group) -> None:
    """`mon_data`, whose bandwidth is counted from now on."""
    data = group.folder.folder("mon_data", "mon_data")
    for domain in resctrl.hardware.domains:
        folder = data.folder(f"mon_L3_{domain:02}", "mon_data")
        for event in resctrl.hardware.events:
            resctrl.monitors.begin(domain, group.rmid, event)
            folder.children[event] = File(partial(event_text, resctrl, group, domain, event))


def event_text(resctrl: Resctrl, group: Group, domain: int, event: str) -> str:
    """A control group's own plus that of its monitoring groups; a word only when none has a number."""
    owners = [group, *group.monitoring]
    found = [resctrl.monitors.read(domain, owner.rmid, event) for owner in owners]
    numbers = [value for value in found if isinstance(value, int)]
    return f"{sum(numbers)}\n" if numbers else f"{found[-1]}\n"


def schemata_text(resctrl: Resctrl, group: Group) -> str:
    layout = resctrl.layout
    return "".join(layout.line(resource, group.values[resource.name]) for resource in layout.resources)


def size_text(resctrl: Resctrl, group: Group) -> str:
    """Bytes of each mask."""
    lines = []
    for resource in resctrl.layout.resources:
        values = group.values[resource.name].items()
        items = ";".join(f"{domain}={value_text(resource, value)}" for domain, value in values)
        lines.append(f"{resource.name:>{resctrl.layout.name_width}}:{items}\n")
    return "".join(lines)


def write_schemata(resctrl: Resctrl, group: Group, text: str, _: int) -> None:
    """All of it or nothing; without its last newline the status stays as it was."""
    if not text.endswith("\n"):
        raise OSError(errno.EINVAL, "no newline")
    resctrl.status.clear()
    staged = parse_schemata(text[:-1], resctrl.layout, resctrl.status)
    require_no_overlap(resctrl, group, staged)
    for (name, domain), value in staged.items():
        group.values[name][domain] = value


def require_no_overlap(resctrl: Resctrl, group: Group, staged: Staged) -> None:
    """A mask may not meet that of an exclusive group, nor an exclusive group's any other."""
    for (name, domain), mask in staged.items():
        if resctrl.layout.by_name[name].cache is None:
            continue
        others = masks_of_others(resctrl.groups, group, name, domain)
        if any(mask & taken for other, taken in others if other.mode == EXCLUSIVE):
            resctrl.status.refuse(errno.EINVAL, "Overlaps with exclusive group")
        if group.mode == EXCLUSIVE and is_overlapping(resctrl, group, name, domain, mask):
            resctrl.status.refuse(errno.EINVAL, "Overlaps with other group")


def is_overlapping(resctrl: Resctrl, group: Group, name: str, domain: int, mask: int) -> bool:
    """Whether another group, or hardware by itself, uses bits of `mask`."""
    cache = resctrl.layout.by_name[name].cache
    assert cache is not None
    taken = [mask_of for _, mask_of in masks_of_others(resctrl.groups, group, name, domain)]
    return any(mask & other for other in [*taken, cache.shareable])


def write_mode(resctrl: Resctrl, group: Group, text: str, _: int) -> None:
    if not text.endswith("\n"):
        raise OSError(errno.EINVAL, "no newline")
    resctrl.status.clear()
    mode = text[:-1]
    if mode not in (SHAREABLE, EXCLUSIVE):
        resctrl.status.refuse(errno.EINVAL, "Unknown or unsupported mode")
    if mode == EXCLUSIVE and group.mode != EXCLUSIVE:
        require_exclusive(resctrl, group)
    group.mode = mode


def require_exclusive(resctrl: Resctrl, group: Group) -> None:
    caches = [resource.name for resource in resctrl.layout.resources if resource.cache is not None]
    if not caches:
        resctrl.status.refuse(errno.EINVAL, "Cannot be exclusive without CAT/CDP")
    for name in caches:
        for domain, mask in group.values[name].items():
            if is_overlapping(resctrl, group, name, domain, mask):
                resctrl.status.refuse(errno.EINVAL, "Schemata overlaps")


def info_folder(resctrl: Resctrl) -> None:
    """`info`, with a folder for each resource."""
    info = resctrl.root.folder("info", "info")
    closids = closids_of(resctrl.hardware, resctrl.options)
    for resource in resctrl.layout.resources:
        folder = info.folder(resource.name, "info")
        if resource.cache is not None:
            describe_cache(folder, resource.cache, closids, partial(bit_usage, resctrl, resource.name))
        elif resource.bandwidth is not None:
            describe_bandwidth(folder, resource.bandwidth, resctrl.hardware.closids)
    if resctrl.hardware.events:
        threshold = File(lambda: f"{resctrl.threshold}\n", partial(write_threshold, resctrl))
        describe_monitoring(info.folder("L3_MON", "info"), resctrl.hardware, threshold)
    info.children["last_cmd_status"] = File(lambda: resctrl.status.text)


def bit_usage(resctrl: Resctrl, name: str) -> str:
    cache = resctrl.layout.by_name[name].cache
    assert cache is not None
    domains = resctrl.hardware.domains
    usages = (f"{domain}={usage_letters(resctrl.groups, name, domain, cache)}" for domain in domains)
    return ";".join(usages) + "\n"


def write_threshold(resctrl: Resctrl, text: str, _: int) -> None:
    """Bytes, rounded down to whole units; no more than the cache has."""
    cache = resctrl.hardware.cache
    if not text.strip().isdigit() or int(text) > (cache.size if cache else 16 << 20):
        raise OSError(errno.EINVAL, "no size of a part of the cache")
    resctrl.threshold = int(text) // UNIT * UNIT
