"""The gauge of transactions per minute that runs beside a MySQL server: `TPM: 87060.0`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_TPM = re.compile(r"\bTPM:\s*(\S+)")


class MysqlTpmGaugeParser(LineParser):
    """`tpm`."""

    end_marker: ClassVar[str | None] = "end"

    def read(self, line: str) -> Iterator[Measurement]:
        if (found := _TPM.search(line)) is not None:
            yield from self.measured("tpm", found[1])
