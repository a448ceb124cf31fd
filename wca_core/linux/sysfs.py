"""`/sys`: attributes, one value a file.

What is missing is None, for no two machines have the same; what is there and cannot be
understood is a `HostError` with its path.
"""

from __future__ import annotations

import os
import re

from wca_core.errors import HostError
from wca_core.linux.cpulist import parse_cpulist
from wca_core.linux.files import is_gone, read_file


def read_attribute(path: str) -> str | None:
    """The text without white space around it. Raises `HostError`."""
    try:
        return read_file(path).decode(errors="replace").strip()
    except NotADirectoryError:
        return None
    except OSError as error:
        if is_gone(error):
            return None
        raise HostError(f"{path}: cannot be read: {error.strerror}") from error


def read_number(path: str) -> int | None:
    """A number, decimal or after `0x` hexadecimal. Raises `HostError`."""
    text = read_attribute(path)
    try:
        return None if text is None else int(text, 16 if text.startswith("0x") else 10)
    except ValueError as error:
        raise HostError(f"{path}: a number expected, found {text!r:.80}") from error


def read_list(path: str) -> frozenset[int] | None:
    """A list of CPUs or nodes. Raises `HostError`."""
    text = read_attribute(path)
    try:
        return None if text is None else parse_cpulist(text)
    except ValueError as error:
        raise HostError(f"{path}: {error}") from error


def numbered(directory: str, prefix: str) -> dict[int, str]:
    """The entries of a directory that are `prefix` and a number: their paths, by number and in its order."""
    try:
        names = os.listdir(directory)
    except OSError:
        return {}
    found = (re.fullmatch(rf"{re.escape(prefix)}(\d{{1,9}})", name, re.ASCII) for name in names)
    return dict(sorted((int(match[1]), f"{directory}/{match[0]}") for match in found if match))
