"""TLS for a server: its certificate, and whom it lets in; the files may be replaced at any time."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING

from wca_core.builtin.prometheus.watched import State, state_of
from wca_core.errors import StartError

if TYPE_CHECKING:
    import ssl

log = logging.getLogger("wca.prometheus")


class Certificates:
    """TLS 1.2 or newer with these files.

    `client_ca_path`: only clients with a certificate of these authorities are let in. Raises `StartError` if a file is
    not what it should be. Later the last good ones stay in force, and that is told.
    """

    def __init__(self, cert_path: str, key_path: str | None = None, client_ca_path: str | None = None) -> None:
        self._cert_path = cert_path
        self._key_path = key_path
        self._client_ca_path = client_ca_path
        self._paths = [path for path in (cert_path, key_path, client_ca_path) if path is not None]
        self._reading = threading.Lock()
        self._state: State = state_of(self._paths)
        self._context = self._read()

    def secured(self, client: socket.socket) -> ssl.SSLSocket:
        """The connection with TLS, whose handshake is still to be done."""
        self.look_again()
        return self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)

    def look_again(self) -> None:
        """Read the files if one is another than before; for connections from now on."""
        with self._reading:
            state = state_of(self._paths)
            if state == self._state:
                return
            self._state = state
            try:
                self._context = self._read()
            except StartError as error:
                log.error("%s; those before stay in force", error)
            else:
                log.info("the certificates in %s are others from now on", ", ".join(self._paths))

    def _read(self) -> ssl.SSLContext:
        import ssl  # 5 ms and 4 MB, for those who have certificates

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._cert_path, self._key_path, password=_no_password)
            if self._client_ca_path is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self._client_ca_path)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise StartError(f"{', '.join(self._paths)} cannot be used for TLS: {error}") from error
        return context


def _no_password() -> str:
    """Instead of asking whoever sits at the terminal."""
    raise ValueError("the key is encrypted; an agent has nobody to ask for the password")
