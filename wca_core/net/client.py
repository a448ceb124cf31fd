"""An HTTP client for one server that is asked again and again.

| what | how |
|---|---|
| connections | kept and used again; made anew when a file of the certificates changed or the server hung up |
| time | `timeout` for connecting and for each read; twice that, or until a `deadline`, for a whole answer |
| size | an answer may be `largest` bytes long; more is read of none, and none that is compressed |
| 401 | the secret is read again and the request repeated, once |
| 429, 503 with `Retry-After` up to `timeout` | repeated, once, after that time, if the deadline leaves it |
| redirects | followed on the same server, three at most, and none that tells the secret |
| secrets | in no error, even if the server says them |
| proxies | those of the environment, never for this machine itself |
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wca_core.errors import HttpStatusError, NetworkError
from wca_core.net.connections import Connections
from wca_core.net.lines import LongLineError, lines_of
from wca_core.net.masking import Secrets
from wca_core.net.refusals import TOLD, hung_up, is_same_server, redirection, refusal, translated

if TYPE_CHECKING:
    import urllib3

    from wca_core.net.credentials import Authorization
    from wca_core.tls import SSL

LARGEST = 1 << 26
"""Bytes: 64 MiB, some ten thousand pods."""
CHUNK = 1 << 16
MOST_REDIRECTS = 3
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
        self._secrets = Secrets()
        self._connections = Connections(self.url, self._tls, self._secrets)
        self._authorization = authorization
        self._largest = largest
        self._if_untrusted = if_untrusted
        self._is_kept = False
        """Whether there is a connection that has given a whole answer."""
        self._streamed: urllib3.BaseHTTPResponse | None = None

    def get(self, path: str, query: Mapping[str, str] | None = None, deadline: float | None = None) -> object:
        """The JSON that the server answers, before the moment `deadline` of `time.monotonic` if that comes first."""
        return self._json(_Question("GET", path, self._timeout, self._deadline(deadline), query))

    def post(self, path: str, body: object) -> object:
        """The JSON that the server answers to this JSON: a question, which it may be asked twice."""
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
        self._connections.close()

    def _deadline(self, given: float | None) -> float:
        own = time.monotonic() + 2 * self._timeout
        return own if given is None else min(own, given)

    def _json(self, question: _Question) -> object:
        with self._answer(question) as answer:
            content = self._content(answer, question)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            start = self._secrets.beginning(content, TOLD)
            raise NetworkError(f"{self._place(question.path)}: JSON expected, found {start!r}") from error

    def _lines(self, answer: urllib3.BaseHTTPResponse, question: _Question) -> Iterator[bytes]:
        try:
            yield from lines_of(iter(lambda: self._chunk(answer), b""), self._largest)
        except LongLineError:
            raise NetworkError(f"{self._place(question.path)}: a line of more than {self._largest} bytes") from None

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
        with translated(self._place(question.path), self._if_untrusted, self._secrets):
            answer = self._asked(question)
            try:
                yield answer
            except BaseException:
                answer.close()  # what is not read must not be taken for the next answer
                raise
            finally:
                self._streamed = None
            self._is_kept = question.deadline is not None
            if not self._is_kept:  # a stream, which may have been left before its end
                answer.close()
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
        url, query = self.url + question.path, question.query
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._sent(question, url, query)
            if 200 <= answer.status < 300:
                return self._readable(answer, question)
            location = redirection(url, answer)
            is_followed = answer.status in (301, 302, 307, 308) and is_same_server(location, self.url)
            if not is_followed or self._secrets.masked(location) != location:  # it would stand in logs of urllib3
                raise refusal(self._place(question.path), answer, location, self._secrets)
            answer.close()
            url, query = location, None
        raise NetworkError(f"{self._place(question.path)}: more than {MOST_REDIRECTS} redirects")

    def _sent(self, question: _Question, url: str, query: Mapping[str, str] | None) -> urllib3.BaseHTTPResponse:
        """The answer to one request, which only asks: repeated where a connection that was kept is closed by now."""
        import urllib3

        was_kept, self._is_kept = self._is_kept, False
        try:
            return self._request(question, url, query)
        except urllib3.exceptions.ProtocolError as error:
            if not was_kept or not hung_up(error):
                raise
        return self._request(question, url, query)

    def _request(self, question: _Question, url: str, query: Mapping[str, str] | None) -> urllib3.BaseHTTPResponse:
        import urllib3

        return self._connections.pool().request(
            question.method,
            url,
            fields=dict(query) if query else None,
            body=None if question.body is None else json.dumps(question.body).encode(),
            headers=self._headers(has_body=question.body is not None),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=min(self._timeout, question.left), read=question.left),
        )

    def _readable(self, answer: urllib3.BaseHTTPResponse, question: _Question) -> urllib3.BaseHTTPResponse:
        """The same, unless it is compressed: nobody asked for that, and a few bytes could become any number."""
        encoding = self._secrets.masked(answer.headers.get("Content-Encoding", "identity"))
        if encoding.lower() in ("", "identity"):
            return answer
        answer.close()
        raise NetworkError(
            f"{self._place(question.path)}: an answer as it is expected, found one encoded as {encoding!r:.80}"
        )

    def _headers(self, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "wca"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._authorization is not None:
            headers["Authorization"] = self._authorization.header()
            self._secrets.note("Authorization", headers["Authorization"])
        return headers

    def _chunk(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """What has come, at most `CHUNK` bytes; empty at the end."""
        return answer.read1(CHUNK)

    def _place(self, path: str) -> str:
        return self.url + path
