"""One storage at work: what it was configured to be, put together and started."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from wca_core.builtin.prometheus.certificates import Certificates
from wca_core.builtin.prometheus.health import Health
from wca_core.builtin.prometheus.listening import is_loopback, listening_at, name_of
from wca_core.builtin.prometheus.server import Server
from wca_core.builtin.prometheus.steps import Steps
from wca_core.builtin.prometheus.token_file import TokenFile
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.overview import OverviewMaker

if TYPE_CHECKING:
    from wca_core.builtin.prometheus.answer import Answer
    from wca_core.builtin.prometheus.request import Request
    from wca_core.builtin.prometheus.site import Site
    from wca_core.builtin.prometheus.storage import PrometheusStorage

log = logging.getLogger("wca.prometheus")


class Serving:
    """A server and what it serves. Raises `StartError` if the address or a file cannot be used."""

    def __init__(self, asked: PrometheusStorage, host: Host) -> None:
        self._host = host
        self._health = Health(host.clock, host.statistics)
        self._overviews = OverviewMaker(host.labels["host"])
        self.steps = Steps(self._step_ended)
        self._token = TokenFile(asked.token_path) if asked.token_path is not None else None
        self._certificates = (
            Certificates(asked.cert_path, asked.key_path, asked.client_ca_path) if asked.cert_path is not None else None
        )
        listening = listening_at(asked.listen)
        self._asked = asked
        self._is_private = is_loopback(listening)
        self._site: Site | None = None
        self._making_site = threading.Lock()
        if not self._is_private:
            try:
                self._check_exposure()
            except StartError:
                listening.close()
                raise
        scheme = "http" if self._certificates is None else "https"
        self.url = f"{scheme}://{name_of(listening)}/"
        self._server = Server(listening, self._answer, self._certificates.secured if self._certificates else None)
        host.endpoints.append(self.url)

    def stop(self) -> None:
        self._server.stop()
        self._host.endpoints.remove(self.url)

    def read_files_again(self) -> None:
        """Token and certificates, if they were replaced; done unasked with the next client too."""
        for files in (self._token, self._certificates):
            if files is not None:
                files.look_again()

    def _answer(self, request: Request) -> Answer:
        """In a thread of a client; the first one pays for importing what answers, so that no start has to."""
        with self._making_site:
            if self._site is None:
                self._site = self._make_site()
        return self._site.answer(request)

    def _make_site(self) -> Site:
        from wca_core.builtin.prometheus.site import Site, Sources

        sources = Sources(host=self._host, steps=self.steps, overviews=self._overviews, health=self._health)
        return Site(
            sources,
            token=self._token,
            weighs_openmetrics=self._asked.openmetrics,
            shows_state=self._asked.debug_state,
            checks_names=self._is_private and self._token is None and self._certificates is None,
        )

    def _check_exposure(self) -> None:
        """Refuse what must not leave this machine; tell what others can do."""
        asked = self._asked
        if asked.debug_state:
            raise StartError(
                f"debug_state is for this machine only, but other machines reach {asked.listen}:"
                " leave it out, or set listen to 127.0.0.1"
            )
        if asked.token_path is None and asked.client_ca_path is None:
            log.warning(
                "whoever reaches %s may read all samples: give token_path or client_ca_path, or listen on 127.0.0.1",
                asked.listen,
            )
        if asked.cert_path is None:
            log.warning("what is read at %s, and tokens, go unencrypted: give cert_path", asked.listen)

    def _step_ended(self) -> None:
        """Everything of a step at once, so that an overview too is of one step."""
        step = self.steps.newest
        now = self._host.clock.now()
        for stream, samples in step.streams if step else ():
            self._overviews.add(samples, stream, now)
        self._health.step_ended()
