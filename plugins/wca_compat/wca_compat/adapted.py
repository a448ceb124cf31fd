"""A plugin around a component that knows nothing of our hooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wca_core import ContractError


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

    Raises `ContractError` instead; `Exception`s and Ctrl-C pass.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        kind = type(error).__name__
        raise ContractError(f"{label}.{method} would have ended the process: {kind}: {error}") from error
