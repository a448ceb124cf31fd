"""`NAME=NUMBER` wherever it stands, or whatever a regular expression of the user finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wca_core.errors import ConfigurationError
from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.numbers import number

DEFAULT_REGEXP = r"(?P<name>\w+?)=(?P<value>\d+(?:\.\d+)?)"

MOST_NAMES = 10_000
"""Of a block whose separator does not come: it is then reported as it is."""

_VALUE = re.compile(r"=(\d+(?:\.\d+)?)")


class DefaultParser:
    """Every line is an update; with a separator, all lines up to one that begins as the separator says."""

    def __init__(
        self,
        regexp: str | None = None,
        separator: str | None = None,
        labels: Mapping[str, str] | None = None,
        metric_name_prefix: str = "",
    ) -> None:
        """Raises `ConfigurationError` for an expression that does not compile, or lacks the groups name and value."""
        self._regexp = None if regexp in (None, DEFAULT_REGEXP) else compiled(regexp or "", "regexp")
        self._separator = compiled(separator, "separator") if separator is not None else None
        self._labels = dict(labels or {})
        self._prefix = metric_name_prefix
        self._block: dict[str, float] = {}
        if self._regexp is not None and not {"name", "value"} <= self._regexp.groupindex.keys():
            raise ConfigurationError(f"regexp {regexp!r}: named groups expected: (?P<name>...) and (?P<value>...)")

    def feed(self, line: str) -> list[Measurement]:
        if self._separator is not None and self._separator.match(line):
            return self.end()
        self._block.update(self._values(line))
        return self.end() if self._separator is None or len(self._block) > MOST_NAMES else []

    def end(self) -> list[Measurement]:
        found = [Measurement(self._prefix + name, value, self._labels) for name, value in self._block.items()]
        self._block = {}
        return found

    def _values(self, line: str) -> Iterator[tuple[str, float]]:
        pairs = plain_pairs(line) if self._regexp is None else self._pairs(self._regexp, line)
        for name, text in pairs:
            value = number(text)
            if value is not None:
                yield name, value

    @staticmethod
    def _pairs(regexp: re.Pattern[str], line: str) -> Iterator[tuple[str, str]]:
        for found in regexp.finditer(line):
            if found["name"] and found["value"]:  # a group may have taken no part
                yield found["name"], found["value"]


def plain_pairs(line: str) -> Iterator[tuple[str, str]]:
    """What the default expression finds, in time that grows with the length of the line and not with its square."""
    end = 0
    for found in _VALUE.finditer(line):
        start = found.start()
        while start > end and (line[start - 1].isalnum() or line[start - 1] == "_"):
            start -= 1
        if start < found.start():
            yield line[start : found.start()], found[1]
            end = found.end()


def compiled(text: str, option: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{option} {text!r}: a regular expression expected ({error})") from error
