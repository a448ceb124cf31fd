"""Several cgroups of one task as one: counts are added, factors averaged."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

from wca_rdt.perf.counting import Counted, Counts


def merged(found: Sequence[Counts], kept: Sequence[Counts] = ()) -> dict[int, Counted]:
    """Of what was read, on top of what was `kept` of cgroups that were not; of those no factor is known.

    Only what was read has a CPU: a series ends when nothing counts it any more.
    """
    cpus = dict.fromkeys(cpu for counts in found for cpu in counts)
    return {cpu: _together([counts[cpu] for counts in found if cpu in counts], _of(cpu, kept)) for cpu in cpus}


def summed(counts: Sequence[Counts]) -> dict[int, Counted]:
    """All totals; no factors."""
    cpus = dict.fromkeys(cpu for one in counts for cpu in one)
    return {cpu: Counted(_together(_of(cpu, counts), ()).totals) for cpu in cpus}


def _of(cpu: int, counts: Sequence[Counts]) -> list[Counted]:
    return [one[cpu] for one in counts if cpu in one]


def _together(found: Sequence[Counted], kept: Sequence[Counted]) -> Counted:
    totals = list(found[0].totals)
    for one in (*found[1:], *kept):
        totals = list(map(add, totals, one.totals))
    return Counted(totals, sum(one.average for one in found) / len(found), max(one.maximum for one in found))
