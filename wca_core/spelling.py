"""When what a file of a cgroup holds is what was written: the kernel rounds, clamps and spells in its own way.

| spelling | the same are | of |
|---|---|---|
| text | the same words | anything else |
| number | the same integers | cpu.cfs_quota_us, cpu.weight, cpu.idle, cpuset.memory_migrate |
| shares | the same after clamping to 2 to 262144 | cpu.shares |
| ids | the same sets | cpuset.cpus, cpuset.mems |
| pages | the same whole pages; `max`, -1 and what no counter holds are one | memory.high, memory.low |
| quota | the same `quota period`; a period not written may be any | cpu.max |

See Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from wca_core.linux.cpulist import parse_cpulist

Spelling: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether what is found (second) is what was written (first)."""

LEAST_SHARES, MOST_SHARES = 2, 262144
"""MIN_SHARES and MAX_SHARES of the kernel's scheduler."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_BYTES = (2**63 - 1) // _PAGE * _PAGE
"""PAGE_COUNTER_MAX, which v2 shows as `max` and v1 as a number."""


def is_same_text(wanted: bytes, found: bytes) -> bool:
    return wanted.split() == found.split()


def is_same_number(wanted: bytes, found: bytes) -> bool:
    """Raises `ValueError` for what is no number, as all below do for what is none of theirs."""
    return int(wanted) == int(found)


def is_same_shares(wanted: bytes, found: bytes) -> bool:
    return min(max(int(wanted), LEAST_SHARES), MOST_SHARES) == int(found)


def is_same_ids(wanted: bytes, found: bytes) -> bool:
    return parse_cpulist(wanted.decode()) == parse_cpulist(found.decode())


def is_same_pages(wanted: bytes, found: bytes) -> bool:
    return _whole_pages(wanted) == _whole_pages(found)


def is_same_quota(wanted: bytes, found: bytes) -> bool:
    limit, *period = wanted.split()
    limit_found, *period_found = found.split()
    return limit == limit_found and (not period or period == period_found)


SPELLINGS: Mapping[str, Spelling] = MappingProxyType(
    {
        "text": is_same_text,
        "number": is_same_number,
        "shares": is_same_shares,
        "ids": is_same_ids,
        "pages": is_same_pages,
        "quota": is_same_quota,
    }
)


def is_same(spelling: str, wanted: bytes, found: bytes) -> bool:
    """Whether the found is the wanted in a spelling of `SPELLINGS`; what the spelling cannot read is not."""
    try:
        return SPELLINGS[spelling](wanted, found)
    except ValueError:
        return False


def _whole_pages(text: bytes) -> int:
    word = text.strip()
    amount = -1 if word == b"max" else int(word)
    return _MOST_BYTES if amount < 0 else min(amount // _PAGE * _PAGE, _MOST_BYTES)
