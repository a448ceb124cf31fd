"""Where overviews come from and where they go: the two sides between which `wca top` stands."""

from __future__ import annotations

from threading import Event
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Paced(Protocol):
    """A source whose time passes as keys say. Called in the thread of the application."""

    @property
    def note(self) -> str:
        """How fast, in a word or two."""

    def hold(self, is_held: bool) -> None:
        """Let no time pass, or go on."""

    def change_speed(self, factor: float) -> None:
        """Faster or slower by this."""

    def leap(self) -> None:
        """Some way forward."""
