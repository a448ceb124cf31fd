"""What was asked and answered, in an interval and in all, and the lines that tell it as `name=value`.

Times are in seconds. A request is timed from when it was due, not from when it was sent: what waits for a server that
stalls is as late as a user would find it.

| a request was | counts as | in the percentiles |
|---|---|---|
| answered | an answer | yes |
| refused, or lost with its connection | an error | no: failing fast is no short latency |
| given up after the timeout | an error | with that time: whoever asked waited so long |
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

    @property
    def is_empty(self) -> bool:
        """Whether nothing became due, was answered or failed."""
        return not (self.lateness.count or self.answers or self.errors)

    def update(self, other: Tally) -> None:
        self.latencies.update(other.latencies)
        self.lateness.update(other.lateness)
        self.answers += other.answers
        self.errors += other.errors


def interval_line(tally: Tally, now: int, unanswered: Iterable[int], shortest: float = 0.0) -> str:
    """The line of an interval that ends now. One of at most `shortest` seconds has no rates: chance would make them.

    `unanswered`: when the requests were due that have no answer yet. Those from before the interval count with their
    age: a server that stalls does not look well only because it answers nothing.
    """
    due = list(unanswered)
    seen = Histogram(now - one for one in due if one < tally.begun)
    seen.update(tally.latencies)
    seconds = (now - tally.begun) / NANOSECONDS
    values = {
        **(_rates(tally, seconds) if seconds > shortest else {}),
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


def _rates(tally: Tally, seconds: float) -> Mapping[str, str]:
    return {"rate": f"{tally.answers / seconds:.1f}", "asked": f"{tally.lateness.count / seconds:.1f}"}


def _percentiles(histogram: Histogram) -> Iterator[tuple[str, str]]:
    """Nothing of an empty one. Never with an exponent, which not everyone reads."""
    for name, percent in PERCENTILES.items():
        value = histogram.percentile(percent)
        if value is not None:
            yield name, f"{value / NANOSECONDS:.6f}"


def _line(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())
