"""The connections to one server, kept from question to question.

| a file of the certificates | what is done |
|---|---|
| changed | it is read, and connections are made anew |
| cannot be used, as while it is renewed | the connections there are go on, and that is told; without any: an error |
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wca_core.errors import NetworkError, StartError
from wca_core.net.masking import Secrets
from wca_core.net.proxies import credentials, proxy_for
from wca_core.tls import SSL

if TYPE_CHECKING:
    import ssl

    import urllib3

log = logging.getLogger("wca.net")


class Connections:
    """To the server of `url`."""

    def __init__(self, url: str, tls: SSL | None, secrets: Secrets) -> None:
        """`secrets`: where to note the password of a proxy."""
        self._secrets = secrets
        self._url = url
        self._tls = tls
        self._pool: urllib3.PoolManager | None = None
        self._signature: object = None

    def pool(self) -> urllib3.PoolManager:
        """Raises `NetworkError` if the certificates cannot be used."""
        signature = None if self._tls is None else self._tls.signature()
        if self._pool is None or signature != self._signature:
            self._renew()
            self._signature = signature
        assert self._pool is not None
        return self._pool

    def close(self) -> None:
        """Let go of them. May be called twice."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    def _renew(self) -> None:
        try:
            context = self._context()
        except StartError as error:
            if self._pool is None:
                raise NetworkError(f"{self._url}: {error}") from error
            log.warning("%s: the certificates read before stay in use: %s", self._url, error)
            return
        self.close()
        self._pool = self._made(context)

    def _context(self) -> ssl.SSLContext | None:
        """That of a server which nothing is said about is the same on every version of Python and urllib3."""
        if self._tls is not None:
            return self._tls.context()
        return SSL().context() if self._url.startswith("https:") else None

    def _made(self, context: ssl.SSLContext | None) -> urllib3.PoolManager:
        import urllib3

        from wca_core.net.punctual import punctual

        if self._tls is not None and self._tls.server_verify is False:  # which SSL has warned of
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        proxy = proxy_for(self._url)
        if not proxy:
            return punctual(urllib3.PoolManager(ssl_context=context))
        shown = credentials(proxy)
        headers = urllib3.make_headers(proxy_basic_auth=shown) if shown else {}
        for header, value in headers.items():
            self._secrets.note(header, value)
        return punctual(urllib3.ProxyManager(proxy, proxy_headers=headers, ssl_context=context))
