"""Plots of characters, several lines high."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"


def plot(values: Sequence[float | None], width: int, height: int) -> list[str]:
    """The last `width` values as columns from zero to the largest, the newest on the right; lines from the top.

    What is not known is left empty; a known value has at least the lowest of blocks, so that zero is seen too.
    """
    last = list(values[-width:]) if width > 0 else []
    top = max((value for value in last if value is not None), default=0.0)
    eighths = [_eighths(value, top, height) for value in last]
    empty = " " * (width - len(last))
    return [empty + "".join(_block(one - 8 * line) for one in eighths) for line in reversed(range(height))]


def _eighths(value: float | None, top: float, height: int) -> int:
    if value is None:
        return 0
    share = max(0.0, value / top) if top > 0 else 0.0
    return max(1, round(share * 8 * height))


def _block(eighths: int) -> str:
    return _BLOCKS[max(0, min(8, eighths))]
