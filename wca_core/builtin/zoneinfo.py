"""The memory zones of each NUMA node: their free pages, their limits and what they hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.number_file import NumberFile
from wca_core.config.field_types import IsRegexp
from wca_core.host import Host
from wca_core.linux.zoneinfo import KEY_AND_NUMBER, Place, parse_zoneinfo
from wca_core.model.metric import Block, Metric, Series, gauge
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.zoneinfo")

ZONEINFO = Metric(
    "platform_zoneinfo",
    "Fields of /proc/zoneinfo [mostly pages]; those of a whole node have the zone per-node-stats.",
    gauge,
    levels=("numa_node", "zone", "key"),
)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Zoneinfo:
    """All zones, some sixty fields each."""

    tells_its_lacks = True
    zoneinfo: bool | Annotated[str, IsRegexp(groups=2)] = True
    """All fields, none, or what an expression matches from the start of a line: its groups are key and number.

    On large machines one that ends in `\\s+(\\d+)` is cheap: it matches a line whatever its number is.
    """

    _file: NumberFile[Place] | None = field(default=None, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [ZONEINFO]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.needs import kernel_file  # what it looks at is not needed to start

        return [
            kernel_file(
                lambda host: f"{host.proc}/zoneinfo",
                "/proc/zoneinfo",
                "mount -t proc proc /proc",
                "platform_zoneinfo",
                only_with="zoneinfo" if self.zoneinfo is False else "",
            )
        ]

    @hookimpl
    def collect_metrics(self, host: Host) -> Iterator[Block]:
        if self.zoneinfo is False:
            return
        if self._file is None:
            expression = re.compile(KEY_AND_NUMBER if self.zoneinfo is True else self.zoneinfo)
            parse = partial(parse_zoneinfo, expression=expression, complain=self._complain)
            self._file = NumberFile(host, f"{host.proc}/zoneinfo", parse, _series)
        try:
            yield self._file.block()
        except OSError as error:
            self._file.close()
            message = f"{self._file.path}: cannot be read: {error.strerror}"
            self._complaints.tell(logging.WARNING, "unreadable", "zoneinfo", message)

    @hookimpl
    def stop(self) -> None:
        if self._file is not None:
            self._file.close()

    def _complain(self, line: str) -> None:
        message = f"zoneinfo: the second group is no number in the line {line[:80]!r}"
        self._complaints.tell(logging.WARNING, "number", "zoneinfo", message)


def _series(place: Place) -> Iterator[Series]:
    yield ZONEINFO.series_at(None, place)
