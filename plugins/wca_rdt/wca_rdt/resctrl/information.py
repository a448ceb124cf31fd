"""What a mounted resctrl offers: the files below its `info`, Documentation/filesystems/resctrl.rst of the kernel.

Any file may be missing: a CPU may only monitor or only allocate, and kernels add files. What is missing is None.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wca_core.linux.files import read_file

OCCUPANCY, TOTAL, LOCAL = "llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"
L3_EVENTS = (OCCUPANCY, TOTAL, LOCAL)

DEFAULT_CONFIGURATION = {TOTAL: 0x7F, LOCAL: 0x15}
"""What AMD processors count unless told otherwise."""

DOMAIN = re.compile(r"mon_L3_(\d{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheControl:
    """How a cache may be divided."""

    cbm_mask: int
    min_cbm_bits: int = 1
    shareable_bits: int = 0
    sparse_masks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthControl:
    """How memory bandwidth may be limited."""

    min_bandwidth: int
    bandwidth_gran: int = 1
    delay_linear: int | None = None
    thread_throttle_mode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """What one resctrl offers."""

    events: tuple[str, ...] = ()
    """Of `L3_EVENTS`, those that are counted for each L3 cache."""
    telemetry: tuple[str, ...] = ()
    """Events that are counted for each package."""
    num_rmids: int | None = None
    """How many groups can be monitored, of both kinds and the root together."""
    num_closids: int | None = None
    """How many control groups there can be, with the root."""
    max_threshold_occupancy: int | None = None
    """Below so many bytes of cache the RMID of a removed group is given to the next."""
    assign_mode: str | None = None
    """`mbm_event`: counters are assigned to groups, and there may be fewer of them."""
    configurations: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """What an event counts, as bits, by domain."""
    caches: Mapping[str, CacheControl] = field(default_factory=dict)
    """By name of the resource: `L3`, or `L3CODE` and `L3DATA`; `L2` likewise."""
    bandwidths: Mapping[str, BandwidthControl] = field(default_factory=dict)
    """By name of the resource: `MB`, `SMBA`."""

    @property
    def cache_monitoring(self) -> bool:
        return OCCUPANCY in self.events

    @property
    def mb_monitoring_total(self) -> bool:
        return TOTAL in self.events

    @property
    def mb_monitoring_local(self) -> bool:
        return LOCAL in self.events

    @property
    def is_assignable(self) -> bool:
        return self.assign_mode == "mbm_event"


def parse_features(text: str) -> tuple[str, ...]:
    """The events of `mon_features`; lines that end in `_config` say what can be set."""
    return tuple(line for line in map(str.strip, text.splitlines()) if line and not line.endswith("_config"))


def parse_by_domain(text: str) -> dict[int, int]:
    """Numbers by domain: `0=0x7f;1=0x7f`. Raises `ValueError`."""
    pairs = [item.partition("=") for item in text.strip().split(";") if item.strip()]
    return {int(domain): int(number, 0) for domain, _, number in pairs}


def parse_assign_mode(text: str) -> str | None:
    """The mode in brackets, of one a line."""
    found = re.search(r"\[([^\]\s]+)\]", text)
    return found[1] if found else None


def read_information(path: str) -> Information:
    """What the resctrl mounted at `path` offers. Never raises: what cannot be read is not offered."""
    info = f"{path}/info"
    resources = _directories(info)
    monitored = [name for name in resources if name.endswith("_MON")]
    l3 = f"{info}/L3_MON"
    announced = _text(f"{l3}/mon_features")
    return Information(
        events=tuple(event for event in L3_EVENTS if event in parse_features(announced))
        if announced is not None
        else _events_of_files(f"{path}/mon_data"),
        telemetry=parse_features(_text(f"{info}/PERF_PKG_MON/mon_features") or ""),
        num_rmids=_least(f"{info}/{name}/num_rmids" for name in monitored),
        num_closids=_least(f"{info}/{name}/num_closids" for name in resources if name not in monitored),
        max_threshold_occupancy=_number(f"{l3}/max_threshold_occupancy"),
        assign_mode=parse_assign_mode(_text(f"{l3}/mbm_assign_mode") or ""),
        configurations={event: found for event in (TOTAL, LOCAL) if (found := read_by_domain(f"{l3}/{event}_config"))},
        caches={name: cache for name in resources if (cache := _cache(f"{info}/{name}")) is not None},
        bandwidths={name: limits for name in resources if (limits := _bandwidth(f"{info}/{name}")) is not None},
    )


def read_by_domain(path: str) -> dict[int, int]:
    """As `parse_by_domain`; nothing for a file that is not there or not of this form."""
    try:
        return parse_by_domain(_text(path) or "")
    except ValueError:
        return {}


def domains_in(mon_data: str) -> list[tuple[int, str]]:
    """The L3 caches below a `mon_data` and the names of their directories, in order of the caches' ids.

    Parts of a cache (`mon_sub_L3_*`) are below its directory and count with it. Raises `OSError`.
    """
    names = ((name, DOMAIN.fullmatch(name)) for name in os.listdir(mon_data))
    return sorted((int(found[1]), name) for name, found in names if found)


def _events_of_files(mon_data: str) -> tuple[str, ...]:
    try:
        found = {name for _, domain in domains_in(mon_data) for name in os.listdir(f"{mon_data}/{domain}")}
    except OSError:
        return ()
    return tuple(event for event in L3_EVENTS if event in found)


def _cache(directory: str) -> CacheControl | None:
    mask = _number(f"{directory}/cbm_mask", 16)
    if mask is None:
        return None
    return CacheControl(
        cbm_mask=mask,
        min_cbm_bits=_number(f"{directory}/min_cbm_bits") or 1,
        shareable_bits=_number(f"{directory}/shareable_bits", 16) or 0,
        sparse_masks=_number(f"{directory}/sparse_masks") == 1,
    )


def _bandwidth(directory: str) -> BandwidthControl | None:
    least = _number(f"{directory}/min_bandwidth")
    if least is None:
        return None
    mode = _text(f"{directory}/thread_throttle_mode")
    return BandwidthControl(
        min_bandwidth=least,
        bandwidth_gran=_number(f"{directory}/bandwidth_gran") or 1,
        delay_linear=_number(f"{directory}/delay_linear"),
        thread_throttle_mode=None if mode is None else mode.strip(),
    )


def _least(paths: Iterator[str]) -> int | None:
    return min((number for path in paths if (number := _number(path)) is not None), default=None)


def _number(path: str, base: int = 10) -> int | None:
    try:
        return int(_text(path) or "", base)
    except ValueError:
        return None


def _text(path: str) -> str | None:
    try:
        return read_file(path).decode(errors="replace")
    except OSError:
        return None


def _directories(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
