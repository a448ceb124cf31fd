"""The token that clients must show: the content of a file, which may be replaced at any time."""

from __future__ import annotations

import logging
import os
import stat
import threading

from wca_core.builtin.prometheus.watched import State, state_of
from wca_core.errors import StartError

log = logging.getLogger("wca.prometheus")

LARGEST = 4096


class TokenFile:
    """Raises `StartError` if the file holds none. Later the last good one stays in force, and that is told."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._state: State = state_of([path])
        self._token = _read(path)

    def is_shown(self, authorization: str | None) -> bool:
        """Whether the header `Authorization` has it; takes as long for a wrong one as for the right one."""
        from hmac import compare_digest  # 3 ms to import, for those who have a token

        scheme, _, shown = (authorization or "").strip().partition(" ")
        self.look_again()
        return compare_digest(shown.strip().encode("latin-1", "replace"), self._token) and scheme.lower() == "bearer"

    def look_again(self) -> None:
        """Read the file if it is another than before."""
        with self._reading:
            state = state_of([self._path])
            if state == self._state:
                return
            self._state = state
            try:
                self._token = _read(self._path)
            except StartError as error:
                log.error("%s; the token before stays in force", error)
            else:
                log.info("the token in %s is another from now on", self._path)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise StartError(f"token_path {path}: cannot be read: {error.strerror}") from error
    token = content.strip()
    if not token or len(content) > LARGEST or not all(0x21 <= byte <= 0x7E for byte in token):
        raise StartError(
            f"token_path {path}: one word of ASCII in at most {LARGEST} bytes expected (openssl rand -hex 32 > {path})"
        )
    if mode & stat.S_IROTH:
        log.warning("token_path %s: everybody on this machine may read it (chmod o-r %s)", path, path)
    return token
