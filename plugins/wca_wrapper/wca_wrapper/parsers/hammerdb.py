"""HammerDB: new orders and transactions per minute, at the end of a run and from its counter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_OF_4 = re.compile(r"System achieved (?P<nopm>\S+) NOPM from (?P<tpm>\S+) (?P<database>[A-Za-z][\w ]{0,30}) TPM")
_OF_3 = re.compile(r"System achieved (?P<tpm>\S+) (?P<database>[A-Za-z][\w ]{0,30}) TPM at (?P<nopm>\S+) NOPM")
_COUNTER = re.compile(r"(?<!\S)(?P<tpm>[\d,]+) (?P<database>[A-Za-z][\w ]{0,30}) tpm\b", re.ASCII)


class HammerdbParser(LineParser):
    """`nopm` and `tpm` with the label `database`."""

    def read(self, line: str) -> Iterator[Measurement]:
        found = _OF_4.search(line) or _OF_3.search(line) or _COUNTER.search(line)
        if found is None:
            return
        values = found.groupdict()
        database = values.pop("database")
        for name, value in sorted(values.items()):
            yield from self.measured(name, value.replace(",", ""), {"database": database})
