"""The captured and documented outputs of `outputs/`, without what is said about them, and what parsers make of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wca_wrapper import Measurement
from wca_wrapper.lines import Lines
from wca_wrapper.parsers import made_parser
from wca_wrapper.parsers.contract import Parser

OUTPUTS = Path(__file__).with_name("outputs")
REMARK, EXPECTED = b"#: ", b"#= "


def output(name: str) -> bytes:
    """What a tool printed."""
    lines = (OUTPUTS / f"{name}.txt").read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith((REMARK, EXPECTED)))


def expectation(name: str) -> tuple[dict[str, float], bool]:
    """What shall come of an output, the last value of each; and whether that is all."""
    lines = (OUTPUTS / f"{name}.txt").read_bytes().splitlines()
    texts = [line.removeprefix(EXPECTED).decode() for line in lines if line.startswith(EXPECTED)]
    pairs = [text.rpartition(" ") for text in texts if text != "..."]
    return {key: float(value) for key, _, value in pairs}, "..." not in texts


def names() -> list[str]:
    return sorted(file.stem for file in OUTPUTS.glob("*.txt"))


def parser_of(name: str) -> str:
    """The parser that an output is for."""
    return name.partition("-")[0]


def parser(name: str, prefix: str = "", labels: dict[str, str] | None = None, **options: object) -> Parser:
    given = {"regexp": None, "separator": None, "labels": labels or {}, "metric_name_prefix": prefix}
    return made_parser(name, given, options)


def fed(parser: Parser, *chunks: bytes) -> list[Measurement]:
    """All that comes of these bytes and their end."""
    lines = Lines()
    texts = [text for chunk in chunks for text in lines.feed(chunk)] + list(lines.end())
    return [one for text in texts for one in parser.feed(text)] + list(parser.end())


def values(found: Iterable[Measurement]) -> dict[str, float]:
    """The last value by name and, where there are, labels: `qps`, `seconds{test=set}`."""
    return {_shown(one): one.value for one in found}


def _shown(one: Measurement) -> str:
    labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
    return f"{one.name}{{{labels}}}" if labels else one.name
