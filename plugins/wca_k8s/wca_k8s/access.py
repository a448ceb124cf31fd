"""How the kubelet and the API server are reached, and what is shown to them.

| | API server | kubelet |
|---|---|---|
| client certificate | of `ssl`, if given | the same |
| token | `client_token_path`; with a certificate only if the file is there | if readable, and without a certificate |
| whom to trust | `ssl.server_verify` if a path or false, else `server_cert_ca_path` | `ssl.server_verify` if there is |
| | | `ssl`, else `server_cert_ca_path` if readable, else whom the machine trusts |

Nothing secret is shown to a server that is asked without TLS.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from wca_core.net import BearerToken, HttpClient
from wca_core.tls import SSL

SELF_SIGNED = (
    "A kubelet signs its certificate itself, unless its configuration has serverTLSBootstrap: true. Set that, or name "
    "the authority (ssl.server_verify: /path/ca.pem), or trust anybody who answers (ssl.server_verify: false)"
)
OTHER_AUTHORITY = (
    "Name the authority of the cluster (server_cert_ca_path: /path/ca.crt, or ssl.server_verify), or trust anybody who "
    "answers (ssl.server_verify: false)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The fields of the configuration that say how to get in."""

    ssl: SSL | None
    client_token_path: str | None
    server_cert_ca_path: str | None
    timeout: float
    max_response_bytes: int

    def kubelet(self, endpoint: str) -> HttpClient:
        """A path in the endpoint is left away."""
        parts = urlsplit(endpoint)
        is_secure = parts.scheme == "https"
        shows_token = is_secure and not self._has_certificate and _is_readable(self.client_token_path)
        return self._client(
            f"{parts.scheme}://{parts.netloc}",
            tls=self._trusted_kubelet() if is_secure else None,
            token=self.client_token_path if shows_token else None,
            if_untrusted=SELF_SIGNED,
        )

    def api_server(self, host: str, port: str) -> HttpClient:
        shows_token = not self._has_certificate or _is_readable(self.client_token_path)
        return self._client(
            f"https://{f'[{host}]' if ':' in host else host}:{port}",
            tls=self._trusted_api_server(),
            token=self.client_token_path if shows_token else None,
            if_untrusted=OTHER_AUTHORITY,
        )

    @property
    def _has_certificate(self) -> bool:
        return self.ssl is not None and self.ssl.client_cert_path is not None

    def _trusted_kubelet(self) -> SSL:
        if self.ssl is None and self.server_cert_ca_path is not None and _is_readable(self.server_cert_ca_path):
            return SSL(server_verify=self.server_cert_ca_path)
        return self.ssl or SSL()

    def _trusted_api_server(self) -> SSL:
        authorities = self.server_cert_ca_path
        if authorities is None or (self.ssl is not None and self.ssl.server_verify is not True):
            return self.ssl or SSL()
        if self.ssl is None:
            return SSL(server_verify=authorities)
        if not _is_readable(authorities):
            return self.ssl
        return SSL(
            server_verify=authorities,
            client_cert_path=self.ssl.client_cert_path,
            client_key_path=self.ssl.client_key_path,
        )

    def _client(self, url: str, *, tls: SSL | None, token: str | None, if_untrusted: str) -> HttpClient:
        return HttpClient(
            url,
            timeout=self.timeout,
            tls=tls,
            authorization=BearerToken(token) if token else None,
            largest=self.max_response_bytes,
            if_untrusted=if_untrusted,
        )


def _is_readable(path: str | None) -> bool:
    return path is not None and os.access(path, os.R_OK)
