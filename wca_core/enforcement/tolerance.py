"""Whether a wanted value differs enough from the one in force to be written.

For plugins that answer `check_allocations`: what counts as the same is the very allocation in force. Sets of ids
are the same if `ids_of` gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from wca_core.model.allocation import AllocationType

SENSITIVITY = 0.05
"""Of types that `value_change_sensitivity` does not name: 0.05 of a node of 100 CPUs are 5 CPUs."""

ROUNDING = 1e-9
"""Part of a number that is taken for an error of rounding, however small the sensitivity."""


def sensitivity_of(type: AllocationType, by_type: Mapping[AllocationType, float]) -> float:
    """`by_type`: `AllocationConfiguration.value_change_sensitivity`."""
    return by_type.get(type, SENSITIVITY)


def is_same_number(wanted: float, in_force: float, sensitivity: float = SENSITIVITY) -> bool:
    """Whether two amounts differ by no more than `sensitivity`."""
    return abs(wanted - in_force) <= max(ROUNDING * max(abs(wanted), abs(in_force)), sensitivity)


def is_same_quota(wanted: float, in_force: float, written: tuple[int, int], sensitivity: float = SENSITIVITY) -> bool:
    """The same for CPU quotas. `written`: what the file would hold for the one and holds for the other.

    | wanted | the same if |
    |---|---|
    | exactly 1.0, exactly 0.0 | what is written is the same: limits can be lifted and throttling made full |
    | anything else | within the sensitivity |
    """
    if wanted in (0.0, 1.0):
        return written[0] == written[1]
    return is_same_number(wanted, in_force, sensitivity)


def is_same_share(wanted: float, in_force: float, written: tuple[int, int], sensitivity: float = SENSITIVITY) -> bool:
    """The same for CPU shares, which are also equal if what is written is: clamped shares, weights of cgroup v2."""
    return written[0] == written[1] or is_same_number(wanted, in_force, sensitivity)
