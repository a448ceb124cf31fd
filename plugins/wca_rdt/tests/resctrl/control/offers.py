"""What machines offer, as the kernels of some would tell it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wca_rdt.resctrl.control.resources import Offer, offered
from wca_rdt.resctrl.control.schemata import parse_schemata
from wca_rdt.resctrl.information import BandwidthControl, CacheControl, Information

INTEL = "    L3:0=fff;1=fff\n    MB:0=100;1=100\n"
CDP = "L3CODE:0=fff;1=fff\nL3DATA:0=fff;1=fff\n    MB:0=100;1=100\n"
AMD = "    MB:0=2048;1=2048\n  SMBA:0=2048;1=2048\n    L3:0=ffff;1=ffff\n"
MEGABYTES = "L3:0=fff;1=fff\nMB:0=4294967295;1=4294967295\n"
L2 = "L2:0=ff;1=ff\nL3:0=fff;1=fff\n"

PERCENT = BandwidthControl(min_bandwidth=10, bandwidth_gran=10)
ABSOLUTE = BandwidthControl(min_bandwidth=0)


def offer(
    root: str = INTEL,
    cache: CacheControl | None = None,
    bandwidth: BandwidthControl = PERCENT,
    *,
    options: Collection[str] = (),
    vendor: str = "GenuineIntel",
    caches: Mapping[str, CacheControl] | None = None,
) -> Offer:
    """Of a machine whose root group has these lines."""
    cache = cache or CacheControl(cbm_mask=0xFFF)
    values = parse_schemata(root)
    information = Information(
        num_closids=16,
        caches={name: cache for name in values if name.startswith("L")} | dict(caches or {}),
        bandwidths={name: bandwidth for name in values if name.endswith(("MB", "SMBA"))},
    )
    return offered(information, values, options, vendor)


AMD_OFFER = offer(AMD, CacheControl(cbm_mask=0xFFFF, min_cbm_bits=0, sparse_masks=True), ABSOLUTE)
