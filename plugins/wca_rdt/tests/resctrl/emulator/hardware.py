"""What the machine can do, as a test wants it; the words are those of `info/`."""

from dataclasses import dataclass, field, replace

UNIT = 65536
"""Bytes of occupancy and of bandwidth that one step of a monitoring counter stands for."""
EVENTS = ("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes")


@dataclass(frozen=True, slots=True)
class Cache:
    """Allocation in L3. `mask_bits` bits; `size` in bytes, of each domain."""

    mask_bits: int = 11
    least_bits: int = 1
    shareable: int = 0x600
    is_sparse: bool = False
    has_cdp: bool = True
    size: int = 16 << 20

    @property
    def full(self) -> int:
        """The mask with every bit."""
        return (1 << self.mask_bits) - 1


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Allocation of memory bandwidth, from `least` to `most` by `step`: percent, or AMD's eighths of a GB/s."""

    least: int = 10
    step: int = 10
    most: int = 100
    is_linear: bool = True
    throttle_mode: str | None = "max"
    width: int = 3


@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine. No `cache` or no `bandwidth`: not there; no `events`: nothing is monitored.

    `rmids_per_closid` is how Arm MPAM counts: each control group has so many monitors, its own among
    them; elsewhere all groups share `rmids`. Domains are the ids of the L3 caches.
    """

    domains: tuple[int, ...] = (0, 1)
    cpus: int = 4
    closids: int = 8
    rmids: int = 48
    rmids_per_closid: int | None = None
    cache: Cache | None = field(default_factory=Cache)
    bandwidth: Bandwidth | None = field(default_factory=Bandwidth)
    events: tuple[str, ...] = EVENTS
    configurable_events: tuple[str, ...] = ()

    @property
    def has_allocation(self) -> bool:
        return self.cache is not None or self.bandwidth is not None


INTEL = Hardware()
"""The same as the hardware of the test kernel, `tests/vm/hardware`."""

AMD = Hardware(
    domains=tuple(range(8)),
    cpus=32,
    closids=16,
    rmids=256,
    cache=Cache(mask_bits=16, least_bits=0, shareable=0, is_sparse=True, size=32 << 20),
    bandwidth=Bandwidth(least=0, step=1, most=2048, is_linear=False, throttle_mode=None, width=4),
    configurable_events=("mbm_total_bytes", "mbm_local_bytes"),
)
"""Zen 3 and newer: many caches, absolute bandwidth, sparse masks."""

MPAM = Hardware(
    domains=(1, 4),
    cpus=8,
    closids=32,
    rmids=64,
    rmids_per_closid=2,
    cache=Cache(mask_bits=16, shareable=0, is_sparse=True, has_cdp=False),
    bandwidth=Bandwidth(least=1, step=1, throttle_mode=None),
    events=("llc_occupancy", "mbm_total_bytes"),
)
"""Arm: ids of firmware's choice, few monitors in each control group, no local bandwidth."""

MONITORING_ONLY = replace(INTEL, cache=None, bandwidth=None)
ALLOCATION_ONLY = replace(INTEL, events=())
