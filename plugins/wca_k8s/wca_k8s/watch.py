"""The pods of one namespace, kept up to date by a thread that lists once and then listens.

| what happens | what is done |
|---|---|
| the connection ends, or says nothing for five minutes | connect again from where we were, after 1, 2, 4 ... 30 s |
| the version is gone (410), any other ERROR | list again; the pods known stay until the new list is whole |
| a list or a connection fails | the pods known stay, as stale ones; try again, after 1, 2, 4 ... 30 s |
| the watch is refused (4xx), or says what is no event | the same, but list again |

Waiting times are shortened by a random part, so that a thousand agents do not come at once.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wca_core.errors import HttpStatusError, NetworkError, TaskSynchronizationException
from wca_core.net.polls import Polls
from wca_core.net.untrusted import shown
from wca_k8s.answers import GONE, Event
from wca_k8s.apiserver import ApiServer
from wca_k8s.pods import name_of, uid_of

log = logging.getLogger("wca.k8s")

JOINING = 5.0
"""Seconds to wait for the thread's end; it may be in the middle of connecting."""


@dataclass(eq=False, slots=True)
class BackOff:
    """How long to wait before the next attempt [seconds]."""

    first: float = 1.0
    longest: float = 30.0
    _next: float = 0.0

    def reset(self) -> None:
        self._next = 0.0

    def pause(self) -> float:
        self._next = min(self.longest, max(self.first, 2 * self._next))
        return self._next * random.uniform(0.5, 1)


class _ListAgain(Exception):  # noqa: N818  what is to be done
    """The server cannot go on from our version."""


class Watch:
    """One namespace (None: all). `wanted` tells of which pods are kept."""

    def __init__(
        self,
        api: ApiServer,
        namespace: str | None,
        *,
        wanted: Callable[[object], bool],
        polls: Polls,
        back_off: BackOff | None = None,
    ) -> None:
        self.documents: Sequence[object] = ()
        """The same object as long as nothing happens."""
        self.is_complete = False
        """Whether there ever was a whole list."""
        self.is_stale = False
        """Whether something failed, and nothing has succeeded since."""
        self.error = "not listed yet"
        self._api = api
        self._namespace = namespace
        self._wanted = wanted
        self._polls = polls
        self._back_off = back_off or BackOff()
        self._version = ""
        self._has_heard = False
        """Whether there was an event since the last list."""
        self._pods: dict[str, object] = {}
        self._tried = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"wca-k8s-watch-{namespace or 'all'}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; if it waits for the network too long, it ends later, by itself."""
        self._stopping.set()
        deadline = time.monotonic() + JOINING
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._api.client.hang_up()  # again and again: it may be about to listen
            self._thread.join(0.05)
        self._api.close()

    def wait_for_first_attempt(self, seconds: float) -> None:
        """Until the first list is there, or has failed."""
        self._tried.wait(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._attempt()
            self._tried.set()
            self._stopping.wait(pause)

    def _attempt(self) -> float:
        """Go on as long as the connection lasts; how long to wait after it."""
        try:
            if not self._version:
                self._list()
            self._listen()
            self._back_off.reset()
        except _ListAgain as reason:
            log.info("pods are listed again: %s", reason)
            self._version = ""
            if self._has_heard:
                return 0.0
        except Exception as error:  # noqa: BLE001  whatever it is, the thread lives on
            if _is_lasting(error):
                self._version = ""
            self._break(error)
        return self._back_off.pause()

    def _break(self, error: Exception) -> None:
        if self._stopping.is_set():
            return
        level = logging.DEBUG if self.is_stale or not self.is_complete else logging.WARNING
        self.error, self.is_stale = str(error) or type(error).__name__, True
        log.log(level, "the watch of pods broke; those known stay until it goes on: %s", self.error)

    def _list(self) -> None:
        with self._polls.poll():
            found = self._api.list(self._namespace)
        self._pods = {_key(document): document for document in found.pods if self._wanted(document)}
        self._version = found.version
        self._publish()
        self._has_heard = False
        self.is_complete, self.is_stale = True, False
        self._tried.set()

    def _listen(self) -> None:
        try:
            with self._api.watch(self._namespace, self._version) as events:
                self.is_stale = False
                for event in events:
                    self._apply(event)
                    self._polls.heard()
                    self._has_heard = True
                    self._back_off.reset()
        except HttpStatusError as error:
            if error.status == GONE:
                raise _ListAgain(str(error)) from error
            self._count(error)
            raise
        except (NetworkError, TaskSynchronizationException) as error:
            self._count(error)
            raise

    def _count(self, error: Exception) -> None:
        if not self._stopping.is_set():
            self._polls.failed(error)

    def _apply(self, event: Event) -> None:
        key = _key(event.document)
        match event.type:
            case "ERROR":
                raise _ListAgain(f"the API server ended the watch: {shown(event.document.get('message'))}")
            case "ADDED" | "MODIFIED" if self._wanted(event.document):
                self._pods[key] = event.document
            case "ADDED" | "MODIFIED" | "DELETED":
                self._pods.pop(key, None)
        if event.type != "BOOKMARK":
            self._publish()
        self._version = event.version or self._version

    def _publish(self) -> None:
        self.documents = tuple(self._pods.values())


def _is_lasting(error: Exception) -> bool:
    """Whether going on from the same version would only give the same: no event, or who may list may not watch."""
    is_refused = isinstance(error, HttpStatusError) and 400 <= error.status < 500 and error.status != 429
    return is_refused or isinstance(error, TaskSynchronizationException)


def _key(document: object) -> str:
    return uid_of(document) or name_of(document)
