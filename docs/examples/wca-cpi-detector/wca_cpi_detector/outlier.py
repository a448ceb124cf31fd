"""Whether what a task does now is unusual for it: pure, of histories alone.

Cycles per instruction rise when a task waits for caches and memory, so against its own past they show what its
neighbours cost it, whatever it computes. The idea is that of CPI² (Zhang et al., EuroSys 2013), which compares a task
with all tasks of its job in a cluster; here it is compared with itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from wca_core import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What counts as unusual."""

    recent: float
    """The newest so many seconds are judged by those before."""
    deviations: float
    """How many standard deviations above the mean."""
    rise: float
    """And at least this part of the mean above it, lest a very even task is judged by its noise."""
    samples: int
    """So many values must be known of the past."""
    cpus: float
    """A task that uses less CPU than this is not judged: its ratio says nothing about caches."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a task needs now and what is usual for it, in cycles per instruction."""

    now: float
    usual: float
    limit: float

    @property
    def is_outlier(self) -> bool:
        return self.now > self.limit


def judged(cycles: History, instructions: History, usage: History, rule: Rule) -> Judgement | None:
    """Of a task's counters and its CPU time; None as long as too little is known."""
    if (usage.last(rule.recent).rate or 0.0) < rule.cpus:
        return None
    ratios = cycles.per(instructions)
    past, recent = ratios.before(rule.recent), ratios.last(rule.recent)
    usual, deviation, now = past.mean, past.deviation, recent.mean
    if usual is None or deviation is None or now is None or len(past) < rule.samples:
        return None
    return Judgement(now, usual, max(usual + rule.deviations * deviation, usual * (1 + rule.rise)))


@dataclass(frozen=True, slots=True)
class Growth:
    """The rate of a counter in the newest seconds, and in those before; 0 where it is not known."""

    now: float
    before: float

    @property
    def rise(self) -> float:
        """What was not there before has risen from nothing."""
        return self.now - self.before


def growth(counter: History, recent: float) -> Growth:
    return Growth(counter.last(recent).rate or 0.0, counter.before(recent).rate or 0.0)
