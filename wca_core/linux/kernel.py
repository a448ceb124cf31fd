"""Which kernel this is and how it is set: `/proc/sys/kernel`, `/proc/filesystems`, proc_sys_kernel(5)."""

from __future__ import annotations

import os
import re

from wca_core.errors import HostError
from wca_core.linux.files import read_text
from wca_core.linux.sysfs import read_attribute


def parse_version(release: str) -> tuple[int, int]:
    """`6.1.0-18-amd64` is 6.1. Raises `ValueError`."""
    found = re.match(r"(\d+)\.(\d+)", release)
    if found is None:
        raise ValueError(f"a release such as '6.1.0-18-amd64' expected, found {release!r:.80}")
    return int(found[1]), int(found[2])


def read_release(proc: str) -> str:
    """As `uname -r` prints it."""
    try:
        return read_text(f"{proc}/sys/kernel/osrelease").strip()
    except HostError:
        return os.uname().release


def read_boot_id(proc: str) -> str:
    """Of this run of the machine: another one after each start; empty where the kernel does not tell."""
    try:
        return read_text(f"{proc}/sys/kernel/random/boot_id").strip()
    except HostError:
        return ""


def read_setting(proc: str, name: str) -> int | None:
    """A number that sysctl(8) sets, such as `kernel.perf_event_paranoid`; None if the kernel has no such setting.

    Raises `HostError`.
    """
    path = f"{proc}/sys/{name.replace('.', '/')}"
    text = read_attribute(path)
    try:
        return None if text is None else int(text)
    except ValueError as error:
        raise HostError(f"{path}: a number expected, found {text!r:.80}") from error


def parse_filesystems(text: str) -> frozenset[str]:
    """The kinds of file systems that the kernel knows."""
    return frozenset(line.split()[-1] for line in text.splitlines() if line.split())


def read_filesystems(proc: str) -> frozenset[str]:
    """As `parse_filesystems`. Raises `HostError`."""
    return parse_filesystems(read_text(f"{proc}/filesystems"))
