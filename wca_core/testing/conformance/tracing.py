"""How much memory Python holds, as it traces it itself."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Garbage is not looked for among what is there already, which may be very much."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def traced() -> Iterator[None]:
    """Whoever traced before goes on."""
    was_traced = tracemalloc.is_tracing()
    if not was_traced:
        tracemalloc.start()
    try:
        yield
    finally:
        if not was_traced:
            tracemalloc.stop()


def traced_bytes() -> int:
    """What is held of all that was taken since it is traced, garbage excepted."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
