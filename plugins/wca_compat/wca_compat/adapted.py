"""A plugin around a component that knows nothing of our hooks."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wca_core import ContractError
from wca_core.signals import StepTakesTooLong


class Adapted:
    """What all adapters have. Several may be one plugin, around a component with several of the older methods."""

    def __init__(self, component: object) -> None:
        self.component = component
        self.label = type(component).__name__
        """What messages call it."""
        self.prepare()

    def prepare(self) -> None:
        """Look at the component once. Raises `PluginError` if it cannot be called. Adapters call that of the next."""


@contextmanager
def contained(label: str, method: str) -> Iterator[None]:
    """What code of others does to end the process is an error of theirs, and costs only what they would have given.

    Raises `ContractError` instead; `Exception`s pass, and what the agent itself or Ctrl-C breaks off.
    """
    try:
        yield
    except (Exception, StepTakesTooLong):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and _may_be_ctrl_c():
            raise
        kind = type(error).__name__
        raise ContractError(f"{label}.{method} would have ended the process: {kind}: {error}") from error


def _may_be_ctrl_c() -> bool:
    """An agent has a handler of its own for that signal, and threads never get it: then the component raised it."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
