"""CPU shares of cgroup v1 as weights of v2, which three families of software convert in three ways.

| formula | used by | weight of 1024 shares |
|---|---|---|
| linear | runtimes and kubelets until 2025 | 39 |
| quadratic | runc 1.3.2, crun 1.23 and kubelets that match them | 100 |
| proportional | systemd | 100 |

Shares are 2 to 262144, weights 1 to 10000 (Documentation/admin-guide/cgroup-v2.rst; the quadratic formula is that
of the OCI runtimes, which maps 2, 1024 and 262144 shares to 1, 100 and 10000).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

from wca_core.spelling import LEAST_SHARES, MOST_SHARES

Formula: TypeAlias = Literal["linear", "quadratic", "proportional"]

LEAST_WEIGHT, MOST_WEIGHT = 1, 10000

EXPLAINED = 0.8
"""Part of the weights seen that a formula has to give."""


def clamped_shares(shares: float) -> int:
    """As the kernel clamps them."""
    return int(min(max(shares, LEAST_SHARES), MOST_SHARES))


def weight_of(shares: int, formula: Formula) -> int:
    """The weight of so many shares, which are within the kernel's bounds."""
    return WEIGHTS[formula](shares)


def shares_of(weight: int, formula: Formula) -> int:
    """Shares of that weight; the fewest of several for the quadratic formula."""
    return SHARES[formula](weight)


def explaining(seen: Iterable[tuple[int, int]]) -> Formula | None:
    """The only formula that explains at least 80 % of pairs of shares and weight; None if none or several do."""
    pairs = list(seen)
    fitting = [formula for formula in WEIGHTS if pairs and _explained(pairs, formula) >= EXPLAINED]
    return fitting[0] if len(fitting) == 1 else None


def _explained(pairs: list[tuple[int, int]], formula: Formula) -> float:
    return sum(weight_of(shares, formula) == weight for shares, weight in pairs) / len(pairs)


def _linear(shares: int) -> int:
    return 1 + (shares - LEAST_SHARES) * (MOST_WEIGHT - 1) // (MOST_SHARES - LEAST_SHARES)


def _from_linear(weight: int) -> int:
    return LEAST_SHARES + (weight - 1) * (MOST_SHARES - LEAST_SHARES) // (MOST_WEIGHT - 1)


def _quadratic(shares: int) -> int:
    if shares <= LEAST_SHARES:
        return LEAST_WEIGHT
    if shares >= MOST_SHARES:
        return MOST_WEIGHT
    doublings = math.log2(shares)
    return math.ceil(10 ** ((doublings * doublings + 125 * doublings) / 612 - 7 / 34))


@lru_cache(maxsize=1024)
def _from_quadratic(weight: int) -> int:
    """The fewest shares of at least that weight, found by halving: the formula never falls."""
    low, high = LEAST_SHARES, MOST_SHARES
    while low < high:
        middle = (low + high) // 2
        if _quadratic(middle) < weight:
            low = middle + 1
        else:
            high = middle
    return low


def _proportional(shares: int) -> int:
    return min(max(shares * 100 // 1024, LEAST_WEIGHT), MOST_WEIGHT)


def _from_proportional(weight: int) -> int:
    return weight * 1024 // 100


WEIGHTS: dict[Formula, Callable[[int], int]] = {
    "linear": _linear,
    "quadratic": _quadratic,
    "proportional": _proportional,
}
SHARES: dict[Formula, Callable[[int], int]] = {
    "linear": _from_linear,
    "quadratic": _from_quadratic,
    "proportional": _from_proportional,
}
