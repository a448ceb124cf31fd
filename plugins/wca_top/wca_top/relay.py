"""What a source gives, on its way from its thread to that of the application."""

from __future__ import annotations

from textual.app import App
from textual.message import Message

from wca_core.overview import Overview


class Shown(Message):
    """The source has a new step."""

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self.overview = overview


class Told(Message):
    """The source has trouble, or (empty) no more."""

    def __init__(self, trouble: str) -> None:
        super().__init__()
        self.trouble = trouble


class Ended(Message):
    """The source cannot go on."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Relay:
    """Hands what the source gives over to the thread of the application."""

    def __init__(self, app: App[None]) -> None:
        self._app = app

    def show(self, overview: Overview) -> None:
        self._app.post_message(Shown(overview))

    def tell(self, trouble: str) -> None:
        self._app.post_message(Told(trouble))
