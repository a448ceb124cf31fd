"""Hands samples to the storages: to local ones within the step, to all others through a thread each.

A thread has a queue of one step for each stream. A newer step replaces one that waits, which is
counted, so a storage that blocks costs the step nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from wca_core.dispatch import Binding, Dispatcher
from wca_core.gathering import Concatenation, joined
from wca_core.hookspecs import Stream
from wca_core.model.metric import Samples

log = logging.getLogger("wca.storing")

PATIENCE = 5.0
"""Seconds that storages have at the end to take what waits for them."""


class Storages:
    """All storages of an agent."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._writers: dict[str, _Writer] = {}
        self._with_again = Concatenation()
        for binding in dispatcher.with_hook("store"):
            if not getattr(binding.plugin, "stores_locally", False):
                self._writers[binding.name] = _Writer(dispatcher, binding)

    def store(self, samples: Samples, stream: Stream, again: Samples | None = None) -> None:
        """Give the samples to every storage of the stream. Never raises and never waits for a slow one.

        `again`: what the anomalies' storages have already; only the others are given it here.
        """
        whole = samples if again is None else joined([samples, again], self._with_again)
        for binding in self._dispatcher.with_hook("store"):
            if stream in binding.streams:
                self._store(binding, samples if "anomalies" in binding.streams else whole, stream)

    def stop(self, patience: float = PATIENCE) -> None:
        """Let the threads finish what waits, at most this long [seconds] together."""
        deadline = time.monotonic() + patience
        for writer in self._writers.values():
            writer.finish()
        for writer in self._writers.values():
            if not writer.join(max(0.0, deadline - time.monotonic())):
                log.warning("storage %s is still busy after %g s and is left behind", writer.name, patience)

    def _store(self, binding: Binding, samples: Samples, stream: Stream) -> None:
        writer = self._writers.get(binding.name)
        if writer is None:
            self._dispatcher.call_one(binding, "store", samples=samples, stream=stream)
        elif writer.put(samples, stream):
            self._dispatcher.dropped(binding)


class _Writer:
    """The thread of one storage."""

    def __init__(self, dispatcher: Dispatcher, binding: Binding) -> None:
        self.name = binding.name
        self._dispatcher = dispatcher
        self._binding = binding
        self._waiting: dict[Stream, Samples] = {}
        self._changed = threading.Condition()
        self._finishing = False
        self._thread = threading.Thread(target=self._run, name=f"store-{binding.name}", daemon=True)
        self._thread.start()

    def put(self, samples: Samples, stream: Stream) -> bool:
        """Queue a step. True if an older one of this stream was still waiting and is now dropped."""
        with self._changed:
            was_waiting = stream in self._waiting
            self._waiting[stream] = samples
            self._changed.notify()
        return was_waiting

    def finish(self) -> None:
        with self._changed:
            self._finishing = True
            self._changed.notify()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        for stream, samples in self._queued():
            self._dispatcher.call_one(self._binding, "store", samples=samples, stream=stream)

    def _queued(self) -> Iterable[tuple[Stream, Samples]]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._finishing)
                if not self._waiting:
                    return
                stream = next(iter(self._waiting))
                samples = self._waiting.pop(stream)
            yield stream, samples
