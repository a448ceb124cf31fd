"""An HTTP client for one server that is asked again and again.

| what | how |
|---|---|
| connections | kept and used again; made anew when a file of the certificates changed |
| time | `timeout` for connecting and for each read; twice that, or until a `deadline`, for a whole answer |
| size | an answer may be `largest` bytes long; more is read of none |
| 401 | the secret is read again and the request repeated, once |
| 429, 503 with `Retry-After` up to `timeout` | repeated, once, after that time, if the deadline leaves it |
| redirects | followed on the same server, three at most |
| proxies | those of the environment, never for this machine itself |
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from wca_core.errors import HttpStatusError, NetworkError

if TYPE_CHECKING:
    import urllib3

    from wca_core.net.credentials import Authorization
    from wca_core.tls import SSL

log = logging.getLogger("wca.net")

LARGEST = 1 << 26
"""Bytes: 64 MiB, some ten thousand pods."""
CHUNK = 1 << 16
MOST_REDIRECTS = 3
TOLD = 200
"""Characters of an answer that stand in an error."""
UNTRUSTED = (
    "If the server signs for itself, name the authority that signed its certificate (ssl.server_verify: /path/ca.pem), "
    "or trust anybody who answers (ssl.server_verify: false)"
)


@dataclass(frozen=True, slots=True)
class _Question:
    """One request, and how long to wait: for each read, and in all (a moment of `time.monotonic`)."""

    method: str
    path: str
    patience: float
    deadline: float | None = None
    query: Mapping[str, str] | None = None
    body: object = None

    @property
    def left(self) -> float:
        """Seconds to wait for what comes next."""
        if self.deadline is None:
            return self.patience
        return max(0.001, min(self.patience, self.deadline - time.monotonic()))


class HttpClient:
    """Asks one server, `url` (`https://host:port`).

    Its methods raise `HttpStatusError` for an answer that is none of 2xx, and `NetworkError` for everything else
    that can go wrong between two machines.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        tls: SSL | None = None,
        authorization: Authorization | None = None,
        largest: int = LARGEST,
        if_untrusted: str = UNTRUSTED,
    ) -> None:
        """`if_untrusted`: what to do about a server whose certificate is not trusted, told in errors of TLS."""
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._tls = tls
        self._authorization = authorization
        self._largest = largest
        self._if_untrusted = if_untrusted
        self._pool: urllib3.PoolManager | None = None
        self._signature: object = None
        self._streamed: urllib3.BaseHTTPResponse | None = None

    def get(self, path: str, query: Mapping[str, str] | None = None, deadline: float | None = None) -> object:
        """The JSON that the server answers, before the moment `deadline` of `time.monotonic` if that comes first."""
        return self._json(_Question("GET", path, self._timeout, self._deadline(deadline), query))

    def post(self, path: str, body: object) -> object:
        """The JSON that the server answers to this JSON."""
        return self._json(_Question("POST", path, self._timeout, self._deadline(None), body=body))

    @contextmanager
    def stream(self, path: str, query: Mapping[str, str], patience: float) -> Iterator[Iterator[bytes]]:
        """The lines of an answer that goes on, as they come; entered once it has begun.

        `patience` seconds of silence are an error. `hang_up` in another thread ends it.
        """
        question = _Question("GET", path, patience, query=query)
        with self._answer(question) as answer:
            self._streamed = answer
            yield self._lines(answer, question)

    def hang_up(self) -> None:
        """Let nothing more come of the answer that another thread reads as a `stream`: it ends, or raises."""
        if self._streamed is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has ended meanwhile
                self._streamed.shutdown()

    def close(self) -> None:
        """Let go of the connections. May be called twice."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    def _deadline(self, given: float | None) -> float:
        own = time.monotonic() + 2 * self._timeout
        return own if given is None else min(own, given)

    def _json(self, question: _Question) -> object:
        with self._answer(question) as answer:
            content = self._content(answer, question)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            start = content[:TOLD].decode(errors="replace")
            raise NetworkError(f"{self._place(question.path)}: JSON expected, found {start!r}") from error

    def _lines(self, answer: urllib3.BaseHTTPResponse, question: _Question) -> Iterator[bytes]:
        rest = b""
        while chunk := self._chunk(answer):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > self._largest:
                raise NetworkError(f"{self._place(question.path)}: a line of more than {self._largest} bytes")
            yield from filter(None, lines)
        if rest:
            yield rest

    def _content(self, answer: urllib3.BaseHTTPResponse, question: _Question) -> bytes:
        content = bytearray()
        while chunk := self._chunk(answer):
            content += chunk
            if len(content) > self._largest:
                raise NetworkError(f"{self._place(question.path)}: an answer of more than {self._largest} bytes")
            if question.deadline is not None and time.monotonic() > question.deadline:
                raise NetworkError(f"{self._place(question.path)}: no whole answer in time")
        return bytes(content)

    @contextmanager
    def _answer(self, question: _Question) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer of 2xx whose content is still to be read."""
        with _translated(self._place(question.path), self._if_untrusted):
            answer = self._asked(question)
            try:
                yield answer
            except BaseException:
                answer.close()  # what is not read must not be taken for the next answer
                raise
            finally:
                self._streamed = None
            answer.release_conn()

    def _asked(self, question: _Question) -> urllib3.BaseHTTPResponse:
        """Once again where that may help."""
        try:
            return self._once(question)
        except HttpStatusError as error:
            if error.status == 401 and self._authorization is not None:
                self._authorization.renew()
            elif (
                error.status in (429, 503)
                and error.retry_after is not None
                and error.retry_after <= min(self._timeout, question.left)
            ):
                time.sleep(error.retry_after)
            else:
                raise
        return self._once(question)

    def _once(self, question: _Question) -> urllib3.BaseHTTPResponse:
        import urllib3

        url, query = self.url + question.path, question.query
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._connections().request(
                question.method,
                url,
                fields=dict(query) if query else None,
                body=None if question.body is None else json.dumps(question.body).encode(),
                headers=self._headers(has_body=question.body is not None),
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(self._timeout, question.left), read=question.left),
            )
            if 200 <= answer.status < 300:
                return answer
            location = urljoin(url, answer.headers.get("Location", ""))
            if answer.status not in (301, 302, 307, 308) or not _is_same_server(location, self.url):
                raise _refusal(self._place(question.path), answer, location)
            answer.close()
            url, query = location, None
        raise NetworkError(f"{self._place(question.path)}: more than {MOST_REDIRECTS} redirects")

    def _headers(self, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "wca"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._authorization is not None:
            headers["Authorization"] = self._authorization.header()
        return headers

    def _connections(self) -> urllib3.PoolManager:
        import urllib3

        signature = None if self._tls is None else self._tls.signature()
        if self._pool is None or signature != self._signature:
            self.close()
            context = None if self._tls is None else self._tls.context()
            if self._tls is not None and self._tls.server_verify is False:  # which SSL has warned of
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            proxy = _proxy(self.url)
            self._pool = (
                urllib3.ProxyManager(proxy, ssl_context=context) if proxy else urllib3.PoolManager(ssl_context=context)
            )
            self._signature = signature
        return self._pool

    def _chunk(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """What has come, at most `CHUNK` bytes; empty at the end."""
        return answer.read1(CHUNK)

    def _place(self, path: str) -> str:
        return self.url + path


@contextmanager
def _translated(place: str, if_untrusted: str) -> Iterator[None]:
    """Foreign errors as ours."""
    import urllib3

    try:
        yield
    except urllib3.exceptions.SSLError as error:
        raise NetworkError(f"{place}: TLS: {error}. {if_untrusted}") from error
    except urllib3.exceptions.NewConnectionError as error:  # a kind of time-out, by name only
        raise NetworkError(f"{place}: {error}") from error
    except urllib3.exceptions.TimeoutError as error:
        raise NetworkError(f"{place}: no answer in time: {error}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NetworkError(f"{place}: {error}") from error


def _refusal(place: str, answer: urllib3.BaseHTTPResponse, location: str) -> HttpStatusError:
    with closing(answer):
        told = answer.read1(CHUNK)[:TOLD].decode(errors="replace").strip()
    to = f", sends to {location}" if 300 <= answer.status < 400 else ""
    return HttpStatusError(
        f"{place}: HTTP {answer.status} {answer.reason or ''}{to}: {told!r}",
        status=answer.status,
        location=location,
        retry_after=_seconds(answer.headers.get("Retry-After")),
    )


def _seconds(text: str | None) -> float | None:
    """Of `Retry-After`; a date there is not obeyed."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _is_same_server(location: str, url: str) -> bool:
    one, other = urlsplit(location), urlsplit(url)
    return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)


def _proxy(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_this_machine(host) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host == os.uname().nodename
