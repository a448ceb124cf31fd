"""The last value of everything at `/metrics`, for Prometheus; the counts of the wrapper itself as of the question."""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus

from wca_core.builtin.prometheus.answer import Answer
from wca_core.builtin.prometheus.listening import is_loopback, listening_at, name_of
from wca_core.builtin.prometheus.negotiation import Form, chosen_form
from wca_core.builtin.prometheus.request import Request
from wca_core.builtin.prometheus.server import Server
from wca_core.exposition import Page
from wca_core.model.metric import Samples
from wca_core.openmetrics import openmetrics
from wca_wrapper.newest import Newest
from wca_wrapper.storing import Update
from wca_wrapper.tally import Tally

log = logging.getLogger("wca.wrapper")


class PageOutput:
    """Raises `StartError` if the address cannot be used."""

    shows_state = True
    forgets = False

    def __init__(self, listen: str, tally: Tally, newest: Newest) -> None:
        self._tally = tally
        self._newest = newest
        self._page = Page()
        self._using = threading.Lock()
        listening = listening_at(listen)
        self.name = f"http://{name_of(listening)}/metrics"
        if not is_loopback(listening):
            log.warning("whoever reaches %s may read all metrics", listen)
        self._server = Server(listening, self.answer)
        log.info("serving %s", self.name)

    def store(self, update: Update) -> None:
        """Nothing is made before somebody asks."""

    def refresh(self) -> None:
        """The same."""

    def stop(self) -> None:
        self._server.stop()

    def answer(self, request: Request) -> Answer:
        """In a thread of each client."""
        if request.path != "/metrics":
            return Answer.plain(HTTPStatus.NOT_FOUND, "there is nothing here; there is /metrics")
        if request.method not in ("GET", "HEAD"):
            return Answer.plain(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD expected", {"Allow": "GET, HEAD"})
        form = chosen_form(request.headers.get("accept"), weighs_openmetrics=False)
        with self._using:
            samples = Samples.of([*self._newest.samples(), *self._tally.samples()])
            text = self._page.text(samples)
        if form is Form.OPENMETRICS:
            text = openmetrics(text, samples.series)
        return Answer(HTTPStatus.OK, str(form.value), text, {"Vary": "Accept"})
