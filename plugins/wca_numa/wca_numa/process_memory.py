"""What `/proc/PID/status` tells of a process's memory: what can be moved to another node, and what hardly can."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wca_core.linux.files import read_file

_LINE = re.compile(rb"^(VmRSS|HugetlbPages):\s*(\d{1,18}) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Bytes."""

    resident: int
    """Without huge pages of hugetlbfs."""
    huge: int
    """Of hugetlbfs."""


def parse_memory(status: bytes) -> ProcessMemory | None:
    """None for a process without memory: a thread of the kernel, or one that is just ending."""
    found = {name: 1024 * int(size) for name, size in _LINE.findall(status)}
    if b"VmRSS" not in found:
        return None
    return ProcessMemory(found[b"VmRSS"], found.get(b"HugetlbPages", 0))


def read_memory(proc: str, process: int) -> ProcessMemory | None:
    """None as for `parse_memory`, and where it cannot be read: the process has ended, or is hidden."""
    try:
        return parse_memory(read_file(f"{proc}/{process}/status"))
    except OSError:
        return None
