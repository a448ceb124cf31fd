"""Servers on loopback that behave as servers sometimes do, for tests of the HTTP client."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wca_core.net import HttpClient

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Gives the next of the server's answers; the last one again and again."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        server: Server = self.server  # type: ignore[assignment]
        length = int(self.headers.get("Content-Length", 0))
        server.asked.append((self.path, dict(self.headers), self.rfile.read(length)))
        answer = server.answers[0] if len(server.answers) == 1 else server.answers.pop(0)
        answer(self)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass

    def give(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """A server on loopback with the answers of a test."""

    daemon_threads = True

    def __init__(self, answers: list[Answer], address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), Handler)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.server_address[0]}:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are part of the tests


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[Server]:
    server = Server(list(answers), address)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def says(value: object) -> Answer:
    return lambda handler: handler.give(json.dumps(value).encode())


def fails(status: int, **headers: str) -> Answer:
    return lambda handler: handler.give(b'{"kind":"Status"}', status, **headers)


@contextmanager
def client_of(url: str, timeout: float = 5.0, **options: object) -> Iterator[HttpClient]:
    client = HttpClient(url, timeout=timeout, **options)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()
