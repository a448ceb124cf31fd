"""wrk and wrk2: the report at the end. Latencies in milliseconds, bytes as bytes (its kilobytes have 1024)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import number, percentile_name

_LATENCY = re.compile(r"^\s+Latency\s+(\S+)\s+(\S+)\s+(\S+)\s+\S+%?\s*$")
_PERCENTILE = re.compile(r"^\s*(\d+(?:\.\d+)?)%\s+(\S+)\s*$", re.ASCII)
_RATE = re.compile(r"^Requests/sec:\s+(\S+)")
_TRANSFER = re.compile(r"^Transfer/sec:\s+(\S+)")
_REFUSED = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)", re.ASCII)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]*)", re.ASCII)
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_BYTES = {"B": 1.0, "KB": 1024.0, "MB": 1024.0**2, "GB": 1024.0**3, "TB": 1024.0**4}


class WrkParser(LineParser):
    """`latency_{avg,stdev,max,pNN}`, `requests_per_second`, `bytes_per_second`, `refused_responses`."""

    def read(self, line: str) -> Iterator[Measurement]:
        if (latency := _LATENCY.match(line)) is not None:
            for name, text in zip(("avg", "stdev", "max"), latency.groups(), strict=True):
                yield from self.measured(f"latency_{name}", quantity(text, _MILLISECONDS))
        elif (percentile := _PERCENTILE.match(line)) is not None:
            value = quantity(percentile[2], _MILLISECONDS)
            yield from self.measured(f"latency_{percentile_name(percentile[1])}", value)
        elif (rate := _RATE.match(line)) is not None:
            yield from self.measured("requests_per_second", rate[1])
        elif (transfer := _TRANSFER.match(line)) is not None:
            yield from self.measured("bytes_per_second", quantity(transfer[1], _BYTES))
        elif (refused := _REFUSED.match(line)) is not None:
            yield from self.measured("refused_responses", refused[1])


def quantity(text: str, units: dict[str, float]) -> float | None:
    """A number with a unit, in the unit whose factor is 1; None for what is none. `1.10ms`, `16.60ms`, `0.00us`."""
    found = _QUANTITY.fullmatch(text)
    value = number(found[1]) if found else None
    if found is None or value is None or found[2] not in units:
        return None
    return value * units[found[2]]
