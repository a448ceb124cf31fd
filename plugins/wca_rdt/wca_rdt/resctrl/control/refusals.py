"""The kernel's own words in every error: resctrl tells more than an errno, in `info/last_cmd_status`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from wca_rdt.resctrl.mounted import read_last_status


@contextmanager
def told(path: str, place: str) -> Iterator[None]:
    """Adds what the resctrl mounted at `path` says of an `OSError` to its text."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        status = read_last_status(path)
        text = error.strerror or os.strerror(number)
        raise OSError(number, f"{text} (last_cmd_status: {status})" if status else text, place) from error
