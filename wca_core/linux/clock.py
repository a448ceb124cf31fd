"""How good the kernel's clock is: adjtimex(2), and `clocksource` in sysfs."""

from __future__ import annotations

import ctypes

from wca_core.linux.sysfs import read_attribute

_SIZE = 512
"""More than a `struct timex`; all zero it asks and sets nothing."""
_ERROR = 5
"""TIME_ERROR of include/uapi/linux/timex.h: nobody keeps the clock synchronised."""


def is_synchronised() -> bool | None:
    """Whether somebody (NTP, PTP) keeps this kernel's clock right; None if it does not tell."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_SIZE))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _ERROR


def read_clocksource(sys: str) -> str | None:
    """What the clock counts, such as `tsc`; None if it is not told. Raises `HostError`."""
    return read_attribute(f"{sys}/devices/system/clocksource/clocksource0/current_clocksource")
