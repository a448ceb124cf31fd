"""`/proc`: what the kernel tells about the whole machine.

Each file is met by a pair: `parse_x` turns its text into values, `read_x` finds it below a root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache

from wca_core.errors import HostError
from wca_core.linux.files import read_text
from wca_core.linux.seq_file import read_list

CPU_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")
"""The columns of `/proc/stat`; guest times are already in user and nice. See proc_stat(5)."""


def parse_stat(text: bytes) -> tuple[tuple[int, ...], list[Sequence[int]]]:
    """The online CPUs, and for each of `CPU_FIELDS` a column of ticks, one for each CPU.

    Fields that older kernels lack are 0. Raises `ValueError` for lines of different lengths or without numbers.
    """
    rows = [line.split() for line in text.split(b"\n") if line[:3] == b"cpu" and line[3:4].isdigit()]
    names, *fields = zip(*rows, strict=True) if rows else ((),)
    cpus = tuple([int(name[3:]) for name in names])
    columns: list[Sequence[int]] = [list(map(int, field)) for field in fields[: len(CPU_FIELDS)]]
    columns += [[0] * len(cpus)] * (len(CPU_FIELDS) - len(columns))
    return cpus, columns


def parse_meminfo(text: bytes, keys: tuple[str, ...]) -> dict[str, int]:
    """Sizes [bytes] of those of the keys that have one, in `/proc/meminfo` or the `meminfo` of a NUMA node.

    Looking for the wanted ones only costs a third of taking all.
    """
    return {key.decode(): int(number) * 1024 for key, number in _sizes_of(keys).findall(text)}


@cache
def _sizes_of(keys: tuple[str, ...]) -> re.Pattern[bytes]:
    names = "|".join(map(re.escape, keys)).encode()
    return re.compile(rb"^(?:Node +\d+ +)?(%b):[ \t]+(\d+) kB *$" % names, re.MULTILINE)


def read_meminfo(proc: str, keys: tuple[str, ...]) -> dict[str, int]:
    """Sizes [bytes] of those of the keys that have one. Raises `HostError`."""
    return parse_meminfo(read_text(f"{proc}/meminfo").encode(), keys)


def parse_cpuinfo(text: str) -> dict[str, str]:
    """The fields of the first CPU."""
    block = text.strip().split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def read_cpuinfo(proc: str) -> dict[str, str]:
    """The fields of the first CPU; one read gives a page of them, so others may be cut off. Raises `HostError`."""
    return parse_cpuinfo(read_text(f"{proc}/cpuinfo"))


def parse_cpu_frequencies(text: str) -> dict[int, float]:
    """Frequency [Hz] of each CPU that tells it, of `/proc/cpuinfo`. Raises `ValueError`."""
    frequencies = {}
    for block in text.split("\n\n"):
        fields = parse_cpuinfo(block)
        if "processor" in fields and "cpu MHz" in fields:
            frequencies[int(fields["processor"])] = float(fields["cpu MHz"]) * 1e6
    return frequencies


def read_cpu_frequencies(proc: str) -> dict[int, float]:
    """Frequency [Hz] of each CPU that tells it. Raises `HostError`, `ValueError`."""
    path = f"{proc}/cpuinfo"
    try:
        return parse_cpu_frequencies(read_list(path).decode(errors="replace"))
    except OSError as error:
        raise HostError(f"{path}: cannot be read: {error.strerror}") from error


def read_architecture(proc: str) -> str:
    """The machine as `uname -m` calls it."""
    try:
        return read_text(f"{proc}/sys/kernel/arch").strip()
    except HostError:  # Linux before 6.1
        return os.uname().machine
