"""Shows the newest step to whoever asks: Prometheus, probes, people."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wca_core.builtin.prometheus.listening import ListenAddress
from wca_core.config.field_types import ReadablePath
from wca_core.errors import ConfigurationError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.model.metric import Samples
from wca_core.plugin_api import hookimpl, plugin

if TYPE_CHECKING:
    from wca_core.builtin.prometheus.serving import Serving

log = logging.getLogger("wca.prometheus")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class PrometheusStorage:
    """Serves `/metrics` to Prometheus, `/healthz` and `/readyz` to probes, and a page at `/` to people.

    `store` only keeps the samples; the text is made when somebody asks, once a step, by the thread that answers.
    """

    listen: ListenAddress = "127.0.0.1:9111"
    """HOST:PORT; `0.0.0.0:9111` or `[::]:9111` for clients on other machines; port 0: any that is free."""
    cert_path: ReadablePath | None = None
    """The certificate of this server, in PEM, for TLS; with its key in the same file if `key_path` is not given."""
    key_path: ReadablePath | None = None
    client_ca_path: ReadablePath | None = None
    """Authorities in PEM: only clients with a certificate of theirs are let in."""
    token_path: ReadablePath | None = None
    """A file with the token that clients must show as `Authorization: Bearer`, except to probes."""
    openmetrics: bool = False
    """True: OpenMetrics to clients that prefer it, as Prometheus does; counters then have names with `_total`.
    False: only to those who take nothing else."""
    debug_state: bool = False
    """Serve `/debug/state`: tasks, plugins and last decisions as JSON; only on a loopback address."""

    _serving: Serving | None = field(default=None, init=False, repr=False)

    stores_locally = True

    def __post_init__(self) -> None:
        for name in ("key_path", "client_ca_path"):
            if getattr(self, name) is not None and self.cert_path is None:
                raise ConfigurationError(f"{name} needs cert_path: without a certificate there is no TLS")

    @property
    def url(self) -> str:
        """Where the page is, with the port that was free. Empty until it is started."""
        return self._serving.url if self._serving is not None else ""

    @hookimpl
    def start(self, host: Host) -> None:
        from wca_core.builtin.prometheus.serving import Serving  # for those who serve

        self._serving = Serving(self, host)
        log.info("serving %s", self.url)

    @hookimpl
    def stop(self) -> None:
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    @hookimpl
    def reload(self) -> None:
        if self._serving is not None:
            self._serving.read_files_again()

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        if self._serving is not None:
            self._serving.steps.add(samples, stream)
