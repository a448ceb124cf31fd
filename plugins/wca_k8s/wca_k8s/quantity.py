"""Quantities of Kubernetes: `250m` of a CPU, `1Gi` of memory.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

| suffix | factor |
|---|---|
| none | 1 |
| `n` `u` `m` | 10^-9 10^-6 10^-3 |
| `k` `M` `G` `T` `P` `E`, and `K`, which Kubernetes refuses | 10^3 ... 10^18 |
| `Ki` `Mi` `Gi` `Ti` `Pi` `Ei` | 1024^1 ... 1024^6 |
| `e` or `E` and a whole number | 10 to the power of it |
"""

from __future__ import annotations

import re
from decimal import Decimal

_DECIMAL = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
FACTORS = {suffix: Decimal(10) ** power for suffix, power in _DECIMAL.items()} | {
    f"{prefix}i": Decimal(1024) ** power for power, prefix in enumerate("KMGTPE", 1)
}
_FORM = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:([KMGTPE]i|[numkKMGTPE]?)|[eE]([+-]?[0-9]{1,2}))"
)


def parse_quantity(value: object) -> Decimal:
    """The number that a quantity means, exactly. JSON numbers are taken too.

    Raises `ValueError` for anything else, also for numbers that no machine has (10^100 bytes).
    """
    written = repr(value) if type(value) in (int, float) else value
    found = _FORM.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError(f"a quantity such as 250m, 0.5, 1Gi or 2e9 expected, found {value!r:.60}")
    number, suffix, exponent = found.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else FACTORS[suffix])
