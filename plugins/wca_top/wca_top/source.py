"""Where overviews come from and where they go: the two sides between which `wca top` stands."""

from __future__ import annotations

from threading import Event
from typing import Protocol

from wca_core.overview import Overview


class View(Protocol):
    """What shows overviews. Called in the thread of the source."""

    def show(self, overview: Overview) -> None:
        """Show a new step."""

    def tell(self, trouble: str) -> None:
        """Tell why there is nothing new; empty: all is well again."""


class Source(Protocol):
    """What gives overviews."""

    @property
    def title(self) -> str:
        """Of what, in a few words."""

    def run(self, view: View, stop: Event) -> None:
        """Give one overview after another until `stop` is set. Raises `WcaError` if that cannot begin or go on."""
