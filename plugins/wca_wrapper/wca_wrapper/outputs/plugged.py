"""A storage of the agent as output of the wrapper: every update is a step of the stream `metrics`."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core import Host
from wca_core.model.metric import Samples
from wca_core.plugin_api import call_hook, hooks_of
from wca_wrapper.storing import Update
from wca_wrapper.tally import Tally


class PluggedOutput:
    """Starts it, and those it contains. Raises `StartError` if it refuses to."""

    shows_state = False
    forgets = False

    def __init__(self, storage: object, name: str, tally: Tally) -> None:
        self.name = name
        self._tally = tally
        self._storage = storage
        self._started: list[object] = []
        host = Host()
        try:
            for one in _with_contained(storage):
                if "start" in hooks_of(type(one)):
                    call_hook(one, "start", host=host)
                self._started.append(one)
        except BaseException:
            self.stop()
            raise

    def store(self, update: Update) -> None:
        samples = Samples.of([*update, *self._tally.samples()])
        call_hook(self._storage, "store", samples=samples, stream="metrics")

    def refresh(self) -> None:
        """What was stored cannot be taken back."""

    def stop(self) -> None:
        while self._started:
            one = self._started.pop()
            if "stop" in hooks_of(type(one)):
                call_hook(one, "stop")


def _with_contained(storage: object) -> Iterator[object]:
    """Each once, those that are contained first."""
    seen: dict[int, object] = {}

    def walk(one: object) -> None:
        for inner in getattr(one, "contained", ()):
            walk(inner)
        seen.setdefault(id(one), one)

    walk(storage)
    yield from seen.values()
