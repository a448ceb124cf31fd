"""How plugins that use the network prove who they are, and whom they trust."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wca_core.config.field_types import ReadablePath
from wca_core.errors import ConfigurationError, StartError

if TYPE_CHECKING:
    import ssl

log = logging.getLogger("wca.tls")


@dataclass(eq=False)
class SSL:
    """TLS 1.2 or newer. A component that connects to a server takes one as a field."""

    server_verify: bool | ReadablePath = True
    """True: by the authorities that this machine trusts; a path: by those in this file; false: not at all."""
    client_cert_path: ReadablePath | None = None
    """The certificate to show, in PEM; with its key in the same file if `client_key_path` is not given."""
    client_key_path: ReadablePath | None = None

    def __post_init__(self) -> None:
        if self.client_key_path is not None and self.client_cert_path is None:
            raise ConfigurationError("client_key_path needs client_cert_path: a key alone proves nothing")
        if self.server_verify is False:
            log.warning("server_verify: false: whoever answers is believed to be the server")

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """Of the files: another one once somebody renewed one of them. One that is gone for a moment has none."""
        found = []
        for path in (self.server_verify, self.client_cert_path, self.client_key_path):
            if isinstance(path, str):
                with suppress(OSError):
                    status = os.stat(path)
                    found.append((path, status.st_ino, status.st_mtime_ns))
        return tuple(found)

    def context(self) -> ssl.SSLContext:
        """For a client's connections. Reads the files anew, so that renewed ones are used.

        Raises `StartError` if one of them is not what it should be.
        """
        import ssl  # 10 ms to import, needed only where there is a network

        authorities = self.server_verify if isinstance(self.server_verify, str) else None
        try:
            context = ssl.create_default_context(cafile=authorities)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            # Python 3.13 began to refuse what `openssl req -x509` makes, for want of a key usage; clusters have many
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.server_verify is False:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.client_cert_path is not None:
                context.load_cert_chain(self.client_cert_path, self.client_key_path, password=_no_password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            paths = ", ".join(str(path) for path in (authorities, self.client_cert_path, self.client_key_path) if path)
            raise StartError(f"SSL: {paths} cannot be used: {error}") from error
        return context


def _no_password() -> str:
    """Instead of asking whoever sits at the terminal."""
    raise ValueError("the key is encrypted; an agent has nobody to ask for the password")
