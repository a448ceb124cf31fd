"""When each request is due: evenly, or as independent clients come (Poisson).

Both count in requests and not in seconds: the next one is 1 further on, or as far as an exponential variable of mean 1
says. The rate then tells the moment. For Poisson that is the time-change theorem: the process has the rate wanted at
every moment, however it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

from wca_core.errors import ConfigurationError
from wca_wrapper.load.rates import Rate

Arrivals = Callable[[Rate, Random], Iterator[float]]


def even(rate: Rate, random: Random) -> Iterator[float]:
    """Seconds since the start, without end; `random` is not used."""
    number = 0
    while True:
        number += 1
        yield rate.moment(number)


def poisson(rate: Rate, random: Random) -> Iterator[float]:
    """As `even`; gaps are independent."""
    number = 0.0
    while True:
        number += random.expovariate(1.0)
        yield rate.moment(number)


ARRIVALS: Mapping[str, Arrivals] = {"even": even, "poisson": poisson}


def arrivals_named(name: str) -> Arrivals:
    """Raises `ConfigurationError`."""
    if name not in ARRIVALS:
        raise ConfigurationError(f"arrivals {name!r}: {' or '.join(ARRIVALS)} expected")
    return ARRIVALS[name]
