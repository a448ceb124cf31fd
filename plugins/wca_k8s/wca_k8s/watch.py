"""The pods of one namespace, kept up to date by a thread that lists once and then listens.

| what happens | what is done |
|---|---|
| the connection ends, or says nothing for five minutes | connect again from where we were, after 1, 2, 4 ... 30 s |
| the version is gone (410) | list again, at once if the last list is 30 s old; until then the pods known stay |
| a list or a connection fails | the pods known stay, as stale ones; try again, after 1, 2, 4 ... 30 s |
| the watch is refused, tells of another error, or says what is no event | the same, but list again |

An event, or a connection that lasted 90 s, lets the waiting times begin anew. They are shortened by a random part, so
that a thousand agents do not come at once. After a connection that lasted and told nothing, not even a bookmark, pods
are listed again. A list of a node that is older than what is known is not asked for: of several API servers one may lag
behind, and would have pods gone that have just come.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wca_core.errors import HttpStatusError, NetworkError, TaskSynchronizationException
from wca_core.net.polls import Polls
from wca_k8s.answers import GONE, Event
from wca_k8s.apiserver import ApiServer
from wca_k8s.pods import name_of, uid_of

log = logging.getLogger("wca.k8s")

JOINING = 5.0
"""Seconds to wait for the end of threads; they may be in the middle of connecting."""
BUSY = (429, 503)
"""Statuses of a server that has no time now, whatever is asked."""


@dataclass(eq=False, slots=True)
class BackOff:
    """How long to wait before the next attempt [seconds]."""

    first: float = 1.0
    longest: float = 30.0
    settled: float = 90.0
    """A connection that lasted so long was no failure."""
    _next: float = 0.0

    def reset(self) -> None:
        self._next = 0.0

    def pause(self) -> float:
        self._next = min(self.longest, max(self.first, 2 * self._next))
        return self._next * random.uniform(0.5, 1)


class _Gone(Exception):  # noqa: N818  what happened, not a mistake
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
        self._must_list = True
        self._listed = -math.inf
        """When the last list was there (`time.monotonic`)."""
        self._has_heard = False
        """Whether the connection of now, or the last one, told anything."""
        self._pods: dict[str, object] = {}
        self._tried = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"wca-k8s-watch-{namespace or 'all'}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the thread begin nothing new."""
        self._stopping.set()

    def stop(self, deadline: float | None = None) -> None:
        """End the thread; if it still waits for the network at the deadline, it ends later, by itself."""
        self.ask_to_stop()
        deadline = time.monotonic() + JOINING if deadline is None else deadline
        while self._thread.is_alive():
            self._api.client.hang_up()  # again and again: it may be about to listen
            self._thread.join(0.05)
            if time.monotonic() > deadline:
                break
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
        started, self._has_heard = time.monotonic(), False
        try:
            if self._must_list:
                self._list()
            self._listen()
        except _Gone as reason:
            log.info("pods are listed again: %s", reason)
            self._must_list = True
            if time.monotonic() - self._listed > self._back_off.longest:
                return 0.0
        except Exception as error:  # noqa: BLE001  whatever it is, the thread lives on
            self._must_list = self._must_list or _is_lasting(error)
            self._break(error)
        if time.monotonic() - started > self._back_off.settled:
            self._back_off.reset()
            self._must_list = self._must_list or not self._has_heard  # a proxy may hold back what the server tells
        return self._back_off.pause()

    def _break(self, error: Exception) -> None:
        if self._stopping.is_set():
            return
        level = logging.DEBUG if self.is_stale or not self.is_complete else logging.WARNING
        self.error, self.is_stale = str(error) or type(error).__name__, True
        log.log(level, "the watch of pods broke; those known stay until it goes on: %s", self.error)

    def _list(self) -> None:
        with self._polls.poll():
            known, self._version = self._version, ""  # if that fails, whatever there is will do
            found = self._api.list(self._namespace, not_before=known)
        self._pods = {_key(document): document for document in found.pods if self._wanted(document)}
        self._version = found.version
        self._publish()
        self._must_list, self._listed = not found.version, time.monotonic()
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
                raise _Gone(str(error)) from error
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
                raise event.error
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
    """Whether going on from the same version may only give the same: no event, or who may list may not watch."""
    is_refused = isinstance(error, HttpStatusError) and error.status not in BUSY
    return is_refused or isinstance(error, TaskSynchronizationException)


def _key(document: object) -> str:
    return uid_of(document) or name_of(document)
