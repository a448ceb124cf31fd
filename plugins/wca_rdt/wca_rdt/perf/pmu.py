"""`/sys/bus/event_source/devices`: which PMUs the kernel has, and how an event is spelled for each of them.

A PMU says in `format/` which bits of which word a term goes to, and in `events/` which terms some events are made
of. See Documentation/ABI/testing/sysfs-bus-event_source-devices-format and -events of the kernel, and
perf-list(1), "ARBITRARY PMUS". A PMU that is missing is None; the words of a file are understood when they are used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from wca_core.errors import ConfigurationError, HostError
from wca_core.linux.sysfs import read_attribute, read_list, read_number

WORDS = ("config", "config1", "config2")
"""Of `struct perf_event_attr`; also terms, each for the whole word."""

DEFAULT_FORMATS = {"event": "config:0-7", "umask": "config:8-15"}
"""Of a PMU that has no `format/`."""

_RANGE = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_TERM = re.compile(r"\s*([\w.-]+)\s*(?:=\s*(.*?)\s*)?", re.ASCII)
_HEXADECIMAL = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,32}", re.ASCII)
_ANY_BASE = re.compile(r"0[xX][0-9a-fA-F]{1,32}|[0-9]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What perf_event_open(2) is told of an event."""

    type: int
    config: int = 0
    config1: int = 0
    config2: int = 0

    def __str__(self) -> str:
        words = ((name, getattr(self, name)) for name in WORDS)
        return ", ".join([f"type {self.type}", *(f"{name} {value:#x}" for name, value in words if value)])


@dataclass(frozen=True, slots=True)
class Format:
    """Where the value of a term goes: its lowest bits to the first range."""

    word: str
    ranges: tuple[tuple[int, int], ...]
    """First and last bit of each, both included."""

    @property
    def width(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def spread(self, value: int) -> int:
        """The word with this value and nothing else. Raises `ValueError` for one that does not fit."""
        if value >> self.width:
            raise ValueError(f"a number of at most {self.width} bits expected, found {value:#x}")
        word = 0
        for first, last in self.ranges:
            width = last - first + 1
            word |= (value & ((1 << width) - 1)) << first
            value >>= width
        return word


@dataclass(frozen=True, slots=True)
class Alias:
    """An event that the kernel itself names."""

    terms: str
    """As a user would write them: `event=0x04,umask=0x03`."""
    scale_text: str = "1"
    unit: str = ""

    @property
    def scale(self) -> float:
        """By which a count is to be multiplied, to be in `unit`. Raises `HostError`."""
        try:
            return float(self.scale_text)
        except ValueError as error:
            raise HostError(f"the scale of {self.terms}: a number expected, found {self.scale_text!r:.80}") from error


@dataclass(frozen=True, slots=True)
class Pmu:
    """One PMU, as its directory tells."""

    name: str
    type: int
    cpus: frozenset[int] | None = None
    """Of an uncore PMU those on which to open it (`cpumask`), of a core PMU those that have it (`cpus`).

    None: it does not say.
    """
    formats: Mapping[str, str] = field(default_factory=dict)
    """By term: `config:0-7,32-35`. Empty: those of `DEFAULT_FORMATS`."""
    aliases: Mapping[str, Alias] = field(default_factory=dict)

    def encode(self, terms: Mapping[str, int | None]) -> Encoding:
        """The event of these terms; None: a term without a value, which is an alias or else 1.

        A term that is named itself goes before that of an alias. Raises `ConfigurationError` that names PMU, term
        and allowed terms; `HostError` if what the kernel says of a term is not as documented.
        """
        words = dict.fromkeys(WORDS, 0)
        for term, value in self._without_aliases(terms).items():
            form = self._format(term)
            if form.word not in words:
                raise ConfigurationError(f"{self.name}: term {term!r} is in {form.word}, which is not supported here")
            try:
                words[form.word] |= form.spread(value)
            except ValueError as error:
                raise ConfigurationError(f"{self.name}: term {term!r}: {error}") from error
        return Encoding(self.type, **words)

    def has_term(self, term: str) -> bool:
        """Whether it may be given a value."""
        return term in WORDS or term in (self.formats or DEFAULT_FORMATS)

    @property
    def known(self) -> str:
        """The allowed terms, in words."""
        terms = [*sorted(self.formats or DEFAULT_FORMATS), *WORDS]
        events = f"; its events are {', '.join(sorted(self.aliases))}" if self.aliases else ""
        return f"its terms are {', '.join(terms)}{events}"

    def _without_aliases(self, terms: Mapping[str, int | None]) -> dict[str, int]:
        found: dict[str, int] = {}
        for term, value in terms.items():
            if value is None and term in self.aliases:
                found |= self._terms_of(term, terms)
        explicit = {term: value for term, value in terms.items() if value is not None or term not in self.aliases}
        return found | {term: 1 if value is None else value for term, value in explicit.items()}

    def _terms_of(self, alias: str, given: Mapping[str, int | None]) -> dict[str, int]:
        """Those of an alias, but for what is given: some aliases leave that open, `domain=?`."""
        found: dict[str, int] = {}
        for item in self.aliases[alias].terms.split(","):
            name, _, value = item.partition("=")
            if name.strip() in given:
                continue
            if value.strip() == "?":
                raise ConfigurationError(f"{self.name}: its event {alias!r} needs a value for {name.strip()!r}")
            try:
                found |= {term: 1 if number is None else number for term, number in parse_terms(item).items()}
            except ConfigurationError as error:
                raise HostError(f"{self.name}/events/{alias}: {error}") from error
        return found

    def _format(self, term: str) -> Format:
        if term in WORDS:
            return Format(term, ((0, 63),))
        text = (self.formats or DEFAULT_FORMATS).get(term)
        if text is None:
            raise ConfigurationError(f"{self.name}: unknown term {term!r}; {self.known}")
        try:
            return parse_format(text)
        except ValueError as error:
            raise HostError(f"{self.name}/format/{term}: {error}") from error


def read_pmu(sys_root: str, name: str) -> Pmu | None:
    """The PMU of this name; None if the kernel has none. Raises `HostError`."""
    directory = f"{devices(sys_root)}/{name}"
    number = read_number(f"{directory}/type") if name and "/" not in name else None
    if number is None:
        return None
    mask = read_mask(sys_root, name)
    return Pmu(
        name=name,
        type=number,
        cpus=read_list(f"{directory}/cpus") if mask is None else mask,
        formats=_attributes(f"{directory}/format"),
        aliases=_aliases(_attributes(f"{directory}/events")),
    )


def read_mask(sys_root: str, name: str) -> frozenset[int] | None:
    """The CPUs on which to open an uncore PMU; None if it does not say. Raises `HostError`."""
    return read_list(f"{devices(sys_root)}/{name}/cpumask")


def read_names(sys_root: str) -> list[str]:
    """All PMUs, in their order; none where the kernel has no perf events. Raises `HostError`."""
    try:
        return sorted(os.listdir(devices(sys_root)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise HostError(f"{devices(sys_root)}: cannot be read: {error.strerror}") from error


def devices(sys_root: str) -> str:
    return f"{sys_root}/bus/event_source/devices"


def parse_format(text: str) -> Format:
    """Of `config:0-7,32-35`. Raises `ValueError`."""
    word, colon, ranges = text.strip().partition(":")
    found = [_RANGE.fullmatch(item) for item in ranges.split(",")]
    bits = [(int(match[1]), int(match[2] or match[1])) for match in found if match]
    if not (re.fullmatch(r"config\d?", word, re.ASCII) and colon) or len(bits) < len(found):
        raise ValueError(f"a word and bits such as 'config:0-7,32-35' expected, found {text[:80]!r}")
    if any(not first <= last <= 63 for first, last in bits):
        raise ValueError(f"bits from 0 to 63 expected, found {text[:80]!r}")
    return Format(word, tuple(bits))


def parse_terms(text: str, *, hexadecimal: bool = False) -> dict[str, int | None]:
    """Of `event=0x35,umask=33,edge`, in their order; None: without a value.

    `hexadecimal`: numbers are, also without `0x`. Raises `ConfigurationError`.
    """
    terms: dict[str, int | None] = {}
    for item in text.split(","):
        found = _TERM.fullmatch(item)
        if found is None:
            raise ConfigurationError(f"a term such as 'event=0x35' expected, found {item[:80]!r} in {text[:200]!r}")
        name, value = found.groups()
        if name in terms:
            raise ConfigurationError(f"the term {name!r} stands twice in {text[:200]!r}")
        terms[name] = None if value is None else _number(name, value, hexadecimal=hexadecimal)
    return terms


def _number(term: str, value: str, *, hexadecimal: bool) -> int:
    if hexadecimal and _HEXADECIMAL.fullmatch(value):
        return int(value, 16)
    if not hexadecimal and _ANY_BASE.fullmatch(value):
        return int(value, 16) if value[:2] in ("0x", "0X") else int(value)
    kind = "a hexadecimal number" if hexadecimal else "a number, hexadecimal with 0x or decimal,"
    raise ConfigurationError(f"the term {term!r}: {kind} expected, found {value[:80]!r}")


def _attributes(directory: str) -> dict[str, str]:
    """The texts of all files; none if there is no directory."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return {}
    texts = {name: read_attribute(f"{directory}/{name}") for name in names}
    return {name: text for name, text in texts.items() if text is not None}


def _aliases(texts: Mapping[str, str]) -> dict[str, Alias]:
    """Of the files `NAME`, `NAME.scale` and `NAME.unit`; the other two kinds are for perf(1)."""
    return {
        name: Alias(text, texts.get(f"{name}.scale", "1"), texts.get(f"{name}.unit", ""))
        for name, text in texts.items()
        if not name.endswith((".scale", ".unit", ".per-pkg", ".snapshot"))
    }
