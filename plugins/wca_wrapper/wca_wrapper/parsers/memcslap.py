"""memcslap of libmemcached: how long each part took [seconds], and the operations per second that are in that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import number

_PART = re.compile(r"^Time to (\w+)\s+(\d+) keys by\s+\d+ threads:\s+(\S+) seconds", re.ASCII)
_TOTAL = re.compile(r"^Time total:\s+(\S+) seconds")


class MemcslapParser(LineParser):
    """`seconds` and `operations_per_second` with the label `test`; `total_seconds`."""

    def read(self, line: str) -> Iterator[Measurement]:
        if (part := _PART.match(line)) is not None:
            test, keys, seconds = part[1].lower(), number(part[2]), number(part[3])
            yield from self.measured("seconds", seconds, {"test": test})
            if keys is not None and seconds:
                yield from self.measured("operations_per_second", keys / seconds, {"test": test})
        elif (total := _TOTAL.match(line)) is not None:
            yield from self.measured("total_seconds", total[1])
