"""Which resources a mount with these options has, and the files of `info` that describe them."""

import errno
from collections.abc import Callable, Iterable

from plugins.wca_rdt.tests.resctrl.emulator.hardware import Bandwidth, Cache, Hardware
from plugins.wca_rdt.tests.resctrl.emulator.schemata import UNLIMITED, Layout, Resource
from plugins.wca_rdt.tests.resctrl.emulator.tree import File, Folder

OPTIONS = frozenset({"cdp", "mba_MBps", "debug"})


def require_options(options: Iterable[str], hardware: Hardware) -> None:
    """Raises OSError EINVAL for an option that the kernel, or this hardware, does not have."""
    missing = {
        "cdp": hardware.cache is None or not hardware.cache.has_cdp,
        "mba_MBps": hardware.bandwidth is None
        or not hardware.bandwidth.is_linear
        or "mbm_local_bytes" not in hardware.events,
    }
    for option in options:
        if option not in OPTIONS or missing.get(option, False):
            raise OSError(errno.EINVAL, f"resctrl cannot be mounted with {option}")


def layout_of(hardware: Hardware, options: frozenset[str]) -> Layout:
    """The resources in the order of `schemata`; names are as wide as they would be with CDP."""
    cache, bandwidth = hardware.cache, hardware.bandwidth
    resources: list[Resource] = []
    if bandwidth is not None:
        resources.append(Resource("MB", hardware.domains, None, bandwidth, "mba_MBps" in options))
    if cache is not None:
        names = ("L3DATA", "L3CODE") if "cdp" in options else ("L3",)
        resources += [Resource(name, hardware.domains, cache) for name in names]
    widths = [(cache.mask_bits + 3) // 4] if cache is not None else []
    widths += [bandwidth.width] if bandwidth is not None else []
    return Layout(resources, 6 if cache is not None and cache.has_cdp else 2, max(widths, default=0))


def closids_of(hardware: Hardware, options: frozenset[str]) -> int:
    """Half as many with CDP."""
    return hardware.closids // 2 if "cdp" in options else hardware.closids


def constant(text: object) -> File:
    """A read-only file with one line."""
    return File(lambda: f"{text}\n")


def describe_cache(folder: Folder, cache: Cache, closids: int, usage: Callable[[], str]) -> None:
    """`info/L3`, `info/L3CODE`, `info/L3DATA`."""
    folder.children |= {
        "num_closids": constant(closids),
        "cbm_mask": constant(f"{cache.full:x}"),
        "min_cbm_bits": constant(cache.least_bits),
        "shareable_bits": constant(f"{cache.shareable:x}"),
        "bit_usage": File(usage),
        "sparse_masks": constant(int(cache.is_sparse)),
    }


def describe_bandwidth(folder: Folder, bandwidth: Bandwidth, closids: int) -> None:
    """`info/MB`."""
    folder.children |= {
        "num_closids": constant(closids),
        "min_bandwidth": constant(bandwidth.least),
        "bandwidth_gran": constant(bandwidth.step),
        "delay_linear": constant(int(bandwidth.is_linear)),
    }
    if bandwidth.throttle_mode is not None:
        folder.children["thread_throttle_mode"] = constant(bandwidth.throttle_mode)


def describe_monitoring(folder: Folder, hardware: Hardware, threshold: File) -> None:
    """`info/L3_MON`; an event that can be configured has one more line, and a file."""
    lines: list[str] = []
    for event in hardware.events:
        lines.append(event)
        if event in hardware.configurable_events:
            lines.append(f"{event}_config")
            counted = "0x7f" if event == "mbm_total_bytes" else "0x15"
            folder.children[f"{event}_config"] = constant(
                ";".join(f"{domain}={counted}" for domain in hardware.domains)
            )
    folder.children |= {"num_rmids": constant(hardware.rmids), "mon_features": constant("\n".join(lines))}
    if "llc_occupancy" in hardware.events:
        folder.children["max_threshold_occupancy"] = threshold


def value_text(resource: Resource, value: int) -> str:
    """What `size` says of a value: bytes of a cache, bandwidth as it is."""
    if resource.cache is None:
        return str(min(value, UNLIMITED))
    return str(resource.cache.size // resource.cache.mask_bits * value.bit_count())
