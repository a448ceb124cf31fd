"""`/proc/zoneinfo`: the memory zones of each NUMA node.

Node 0, zone      DMA          node and zone of what follows
  per-node stats               what follows is of the whole node; only below its first zone that has memory
      nr_inactive_anon 1913
  pages free     3840          what follows is of the zone again
        min      10
        protection: (0, 2866)  one of many lines that the usual expression passes over
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from wca_core.linux.places import Number

KEY_AND_NUMBER = r"\s+([a-z_]+)\s+(\d+)"
ANY_NUMBER = r"\s+(\d+)"
"""An expression that ends so matches a line whatever its number is."""
PER_NODE = "per-node-stats"
"""Stands for the zone of what is told of a whole node."""

HEADER = re.compile(r"Node (\d+), zone\s+(\S+)", re.ASCII)
PAGES = re.compile(r"\s+pages\b")

Place: TypeAlias = tuple[str, str, str]
"""Node, zone, key."""


def parse_zoneinfo(
    text: bytes, expression: re.Pattern[str], complain: Callable[[str], None] = lambda line: None
) -> dict[Place, Number]:
    """What `expression` finds at the beginning of the lines; its two groups are key and number.

    Passes over a line whose second group is no number, and tells `complain` of it.
    """
    stays = expression.pattern.endswith(ANY_NUMBER)
    found: dict[Place, Number] = {}
    for node, zone, line, words in _lines(text.decode(errors="replace")):
        match = expression.match(line)
        if match is None or match[1] is None:
            continue
        try:
            value = _number(match[2])
        except (TypeError, ValueError):
            complain(line.strip())
        else:
            before = len(line[: match.start(2)].split())
            found[node, zone, match[1]] = Number(value, words + before if stays else None)
    return found


def _lines(text: str) -> Iterator[tuple[str, str, str, int]]:
    """The lines below a header: node, zone, the line without the word `pages`, and how many words are before it."""
    node = zone = of_header = None
    words = 0
    for line in text.splitlines():
        count = len(line.split())
        if header := HEADER.match(line):
            node, of_header = header.groups()
            zone = of_header
        elif line.strip() == "per-node stats":
            zone = PER_NODE
        elif node is not None and zone is not None and of_header is not None:
            pages = PAGES.match(line)
            if pages:
                zone = of_header
            yield node, zone, line[pages.end() :] if pages else line, words + bool(pages)
        words += count


def _number(text: str) -> int | float:
    """Raises `ValueError`, or `TypeError` for a group that is not part of the match."""
    try:
        return int(text)
    except ValueError:
        return float(text)
