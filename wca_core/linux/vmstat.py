"""`/proc/vmstat` and `vmstat` of a NUMA node: counters and sizes of memory management, a line `key value` each."""

from __future__ import annotations

from wca_core.linux.places import Number


def parse_vmstat(text: bytes) -> dict[str, Number]:
    """All fields; lines of another form are passed over. Raises `ValueError` for a number of thousands of digits."""
    fields: dict[str, Number] = {}
    count = 0
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit():
            fields[words[0].decode(errors="replace")] = Number(int(words[1]), count + 1)
        count += len(words)
    return fields
