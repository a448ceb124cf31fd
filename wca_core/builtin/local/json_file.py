"""Files in which container engines keep what they know: JSON, written by others while we read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping

LARGEST = 8 << 20


class MalformedFile(Exception):  # noqa: N818  what was found, not a mistake of ours
    """A file is not what its name says; the message has the path, never what is in it."""


def read_json(path: str) -> object:
    """What is in a file.

    Never waits (a container's user may have put a pipe in its place). Raises `MalformedFile`; `OSError` if the file
    is not there or closed to us.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise MalformedFile(f"{path}: a regular file of at most {LARGEST} bytes expected")
        content = file.read(LARGEST)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedFile(f"{path}: JSON expected ({type(error).__name__})") from error


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""
