"""What an event is once its name is understood, and the two spellings that say how it is coded.

| name | means |
|---|---|
| `some__r0302ff` | event, umask, cmask and `config1`: 4, 6 or 16 hexadecimal digits after the last `__r` |
| `some__pmu/event=0xd0,umask=0x81/` | terms of the core PMU, whatever it is called on this machine |
| `some__cpu_atom/event=0xd0/` | terms of the PMU of this name |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wca_core.config.field_types import FieldCheck
from wca_core.errors import ConfigurationError
from wca_core.model.metric import METRIC_NAME
from wca_rdt.perf.attributes import HW_CACHE, RAW, SOFTWARE, Attributes
from wca_rdt.perf.pmu import Encoding

CORE_PMU = "pmu"
"""Stands for the core PMU, or on a hybrid machine for each of them."""

_DIGITS = (4, 6, 16)
_PMU_NAME = re.compile(r"(?P<name>.+)__(?P<pmu>[\w.-]+)/(?P<terms>[^/]*)/", re.ASCII)


@dataclass(frozen=True, slots=True)
class Coding:
    """How an event is opened on some CPUs."""

    encoding: Encoding
    cpus: frozenset[int] | None = None
    """None: on all."""

    def attributes(self, *, disabled: bool, exclude_guest: bool) -> Attributes:
        of = self.encoding
        return Attributes(of.type, of.config, of.config1, of.config2, disabled, exclude_guest)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the configuration: what is asked of the kernel."""

    name: str
    """Of its metric."""
    codings: tuple[Coding, ...]
    """At most one for each CPU; the CPUs of a hybrid machine may differ."""
    alternative: Encoding | None = None
    """Where the first is not implemented."""
    help: str = ""
    per: float = 1.0
    """By which a count is divided."""

    @property
    def is_software(self) -> bool:
        return all(coding.encoding.type == SOFTWARE for coding in self.codings)

    @property
    def is_of_cache(self) -> bool:
        """Whether it is one of the combinations of cache, operation and result."""
        return all(coding.encoding.type == HW_CACHE for coding in self.codings)

    def coding_on(self, cpu: int) -> Coding | None:
        """None: this CPU does not have it."""
        return next((coding for coding in self.codings if coding.cpus is None or cpu in coding.cpus), None)

    def __str__(self) -> str:
        return f"{self.name} ({'; '.join(str(coding.encoding) for coding in self.codings)})"


def parse_raw(name: str) -> Encoding:
    """Of a name with `__r`. Raises `ConfigurationError` that quotes it and the rule broken."""
    start, _, digits = name.rpartition("__r")
    if not start or len(digits) not in _DIGITS or not re.fullmatch("[0-9a-fA-F]+", digits):
        found = f"{len(digits)} characters {digits!r}" if start else "none"
        raise ConfigurationError(
            f"event_names: {name!r}: 4, 6 or 16 hexadecimal digits expected after the last '__r' (event, umask, "
            f"cmask, ten digits of config1), found {found}"
        )
    event, umask, cmask = (int(digits[at : at + 2] or "0", 16) for at in (0, 2, 4))
    return Encoding(RAW, event | umask << 8 | cmask << 24, int(digits[6:] or "0", 16))


def split_terms(name: str) -> tuple[str, str, str] | None:
    """The metric, the PMU and the terms of a name with slashes; None if it has none.

    Raises `ConfigurationError` for another form.
    """
    if "/" not in name:
        return None
    found = _PMU_NAME.fullmatch(name)
    if found is None or not METRIC_NAME.fullmatch(found["name"]):
        raise ConfigurationError(
            f"event_names: {name!r}: the name of a metric, '__', 'pmu' or the name of a PMU, and terms between "
            "slashes expected, as in 'task_loads__pmu/event=0xd0,umask=0x81/'"
        )
    return found["name"], found["pmu"], found["terms"]


def metric_of(alias: str) -> str:
    """The metric of an event that the kernel names itself."""
    return f"task_{re.sub('[^a-z0-9]', '_', alias.lower())}"


@dataclass(frozen=True, slots=True)
class IsEventName(FieldCheck):
    """The name of an event: what can be said of it without the machine."""

    def check(self, value: str) -> None:
        try:
            is_right = split_terms(value) is not None or METRIC_NAME.fullmatch(value) is not None
        except ConfigurationError:
            is_right = False
        if not is_right:
            raise ValueError(
                "the name of an event, such as task_cycles, NAME__rEEUU or NAME__pmu/event=0xEE,umask=0xUU/,"
            )
