"""What was asked and answered, in an interval and in all, and the lines that tell it as `name=value`.

Times are in seconds. A request is timed from when it was due, not from when it was sent: what waits for a server that
stalls is as late as a user would find it. A request that ran into the timeout is an error and is in the percentiles
too, with the time after which it was given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wca_wrapper.load.histogram import Histogram

PERCENTILES: Mapping[str, float] = {"p50": 50, "p95": 95, "p99": 99, "p999": 99.9, "max": 100}
NANOSECONDS = 1e9


@dataclass(eq=False, slots=True)
class Tally:
    """Counts of some span of time."""

    begun: int
    """[ns]"""
    latencies: Histogram = field(default_factory=Histogram)
    lateness: Histogram = field(default_factory=Histogram)
    """How much later than due the generator itself turned to a request."""
    answers: int = 0
    errors: int = 0

    def update(self, other: Tally) -> None:
        self.latencies.update(other.latencies)
        self.lateness.update(other.lateness)
        self.answers += other.answers
        self.errors += other.errors


def interval_line(tally: Tally, now: int, unanswered: Iterable[int]) -> str:
    """The line of an interval that ends now.

    `unanswered`: when the requests were due that have no answer yet. Those from before the interval count with their
    age: a server that stalls does not look well only because it answers nothing.
    """
    due = list(unanswered)
    seen = Histogram(now - one for one in due if one < tally.begun)
    seen.update(tally.latencies)
    seconds = (now - tally.begun) / NANOSECONDS
    values = {
        "rate": f"{tally.answers / seconds:.1f}",
        "asked": f"{tally.lateness.count / seconds:.1f}",
        "errors": str(tally.errors),
        "unanswered": str(len(due)),
        **dict(_percentiles(seen)),
        **{f"late_{name}": value for name, value in _percentiles(tally.lateness) if name == "p99"},
    }
    return _line(values)


def total_line(tally: Tally, now: int) -> str:
    """The last line; its names begin with `total_`."""
    seconds = (now - tally.begun) / NANOSECONDS
    values = {
        "requests": str(tally.lateness.count),
        "answers": str(tally.answers),
        "errors": str(tally.errors),
        "rate": f"{tally.answers / seconds:.1f}" if seconds else "0",
        **dict(_percentiles(tally.latencies)),
        **{f"late_{name}": value for name, value in _percentiles(tally.lateness) if name == "p99"},
    }
    return _line({f"total_{name}": value for name, value in values.items()})


def _percentiles(histogram: Histogram) -> Iterator[tuple[str, str]]:
    """Nothing of an empty one. Never with an exponent, which not everyone reads."""
    for name, percent in PERCENTILES.items():
        value = histogram.percentile(percent)
        if value is not None:
            yield name, f"{value / NANOSECONDS:.6f}"


def _line(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())
