"""A running agent that serves its overview over HTTP (plugin `prometheus`)."""

from __future__ import annotations

import http
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from threading import Event

from wca_core.errors import ConfigurationError, ContractError, WcaError
from wca_core.overview import Overview, from_json
from wca_top.source import View

PATH = "/api/overview"
PATIENCE = 5.0
"""Seconds to connect, and again for each part of an answer."""

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer."""

STALE = 30.0
"""Seconds without a new step after which that is told; slow agents step once a minute at most."""

NO_STEP_YET = b"null"

LOOPBACK = ("127.", "localhost", "::1")


class NoAnswerError(WcaError):
    """Why there is no overview now; there may be one later."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for the address it was given for."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


class HttpSource:
    """Asks again every `interval` [seconds]; `tries`: how often in a row that may fail, None: for ever.

    Raises `ConfigurationError` for what is no address or token file.
    """

    def __init__(
        self, address: str, *, token_file: str | None = None, interval: float = 1.0, tries: int | None = None
    ) -> None:
        self.title = _url(address)
        self._tries = tries
        self._interval = interval
        self._token_file = token_file
        self._token()  # a file that cannot be read is told before anything is shown
        is_here = (urllib.parse.urlsplit(self.title).hostname or "").startswith(LOOPBACK)
        handlers = [_NoRedirect(), *([urllib.request.ProxyHandler({})] if is_here else [])]
        self._opener = urllib.request.build_opener(*handlers)

    def run(self, view: View, stop: Event) -> None:
        """Raises `NoAnswerError` after too many failures."""
        last, since, told, failures = 0.0, time.monotonic(), "", 0
        while not stop.is_set():
            trouble = ""
            try:
                overview = self.overview()
                failures = 0
                if overview is not None and overview.time != last:
                    last, since = overview.time, time.monotonic()
                    view.show(overview)
                elif time.monotonic() - since > STALE:
                    trouble = f"{self.title} answers, but has had no new step for {time.monotonic() - since:.0f} s"
            except (NoAnswerError, ConfigurationError) as error:
                trouble, failures = str(error), failures + 1
                if failures == self._tries:
                    raise NoAnswerError(trouble) from error
            if trouble != told:
                told = trouble
                view.tell(trouble)
            stop.wait(self._interval)

    def overview(self) -> Overview | None:
        """The newest step; None if there was none yet. Raises `NoAnswerError`; for the token `ConfigurationError`."""
        request = urllib.request.Request(self.title + PATH, headers={"Accept": "application/json", **self._token()})
        body = self._explained(lambda: self._read(request))
        try:
            found = json.loads(body)
            return None if found is None else from_json(found)
        except (ValueError, RecursionError, ContractError) as error:
            raise NoAnswerError(f"{self.title}{PATH} does not answer with an overview: {error}") from error

    def _read(self, request: urllib.request.Request) -> bytes:
        with self._opener.open(request, timeout=PATIENCE) as answer:
            body: bytes = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise NoAnswerError(f"{self.title}{PATH} answers with more than {LARGEST} bytes")
        return body

    def _explained(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.HTTPStatus.SERVICE_UNAVAILABLE:
                return NO_STEP_YET
            raise NoAnswerError(f"{self.title}{PATH} answers {error.code} {error.reason}{_cure(error.code)}") from error
        except urllib.error.URLError as error:
            raise NoAnswerError(f"{self.title} does not answer ({error.reason}); does an agent run there?") from error
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise NoAnswerError(f"{self.title} does not answer as expected ({reason})") from error

    def _token(self) -> dict[str, str]:
        """Read each time: tokens are replaced while programs run."""
        if self._token_file is None:
            return {}
        try:
            with open(self._token_file, encoding="ascii") as file:
                token = file.read(65536).strip()
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"--token-file {self._token_file}: cannot be read: {error}") from error
        if not token or not token.isprintable() or " " in token:
            raise ConfigurationError(f"--token-file {self._token_file}: one word, the token, expected")
        return {"Authorization": f"Bearer {token}"}


def _url(address: str) -> str:
    """`127.0.0.1:9111` and `http://127.0.0.1:9111/` are the same."""
    url = address if "://" in address else f"http://{address}"
    try:
        parts = urllib.parse.urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(f"--connect {address}: http://HOST:PORT expected")
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/').removesuffix(PATH)}"


def _cure(code: int) -> str:
    if code in (401, 403):
        return ": give the token of that agent with --token-file"
    if code == 404:
        return ": no agent, or one that has no overview yet"
    return ""
