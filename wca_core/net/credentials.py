"""What a request shows to be let in, read from files that somebody renews while the agent runs.

Secrets are never logged, nor part of an error.
"""

from __future__ import annotations

import base64
import logging
import os
import stat
from typing import Protocol

from wca_core.errors import NetworkError

log = logging.getLogger("wca.net")

LONGEST_SECRET = 1 << 16


class Authorization(Protocol):
    """Gives the value of the header `Authorization`."""

    def header(self) -> str:
        """Raises `NetworkError` if there is none now."""

    def renew(self) -> None:
        """Read the secret again: a server did not accept it."""


class SecretFile:
    """The text of a file, read again when the file is another one than before."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._signature: tuple[int, ...] = ()
        self._text = ""
        self._has_warned = False

    def forget(self) -> None:
        self._signature = ()

    def text(self) -> str:
        """Without the white space behind it. Raises `NetworkError`."""
        try:
            status = os.stat(self._path)
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            if signature != self._signature:
                self._warn_if_open(status.st_mode)
                with open(self._path, encoding="utf-8") as file:
                    self._text = file.read(LONGEST_SECRET).rstrip()
                self._signature = signature
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise NetworkError(f"{self._path}: the secret in it cannot be read: {reason}") from error
        if not self._text.isprintable() or not self._text:
            raise NetworkError(f"{self._path}: one line of text with a secret expected, found something else")
        return self._text

    def _warn_if_open(self, mode: int) -> None:
        if mode & stat.S_IROTH and not self._has_warned:
            self._has_warned = True
            log.warning("%s: everybody on this machine can read the secret in it (chmod o-r)", self._path)


class BearerToken:
    """A token in a file, as Kubernetes projects it into a pod and renews it there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = SecretFile(path)

    def header(self) -> str:
        token = self._file.text()
        if not token.isascii():  # RFC 6750; a header cannot hold it either
            raise NetworkError(f"{self._path}: a token of ASCII characters expected, found something else")
        return f"Bearer {token}"

    def renew(self) -> None:
        self._file.forget()


class BasicAuthorization:
    """A name, and a password in a file."""

    def __init__(self, name: str, path: str) -> None:
        self._name = name
        self._file = SecretFile(path)

    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self._name}:{self._file.text()}".encode()).decode()

    def renew(self) -> None:
        self._file.forget()
