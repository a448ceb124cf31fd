"""A Mesos agent for tests: what a real one answers to `/api/v1`, in the order in which it decides.

Who asks, recovery, method, content type, accepted types, the question. See fixtures/README.md for the origin.
"""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from plugins.wca_mesos.tests.given import containers, state

TYPES = ("application/json", "application/x-protobuf")
OTHER_QUESTIONS = ("GET_HEALTH", "GET_VERSION", "GET_TASKS")


@dataclass(eq=False)
class FakeAgent:
    """What it answers; may be changed between requests."""

    url: str = ""
    state: Any = field(default_factory=state)
    containers: Any = field(default_factory=lambda: containers({}))
    secret: str = ""
    """`NAME:PASSWORD` or a token; empty: anybody may ask."""
    recovering: int = 0
    """Requests that still find it recovering."""
    redirects_to: str = ""
    breaks: str = ""
    """`text`, `truncated`, `slow`, `huge` or a status."""
    questions: list[Any] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    """Headers of all requests."""
    connections: int = 0
    tls: ssl.SSLContext | None = None
    _port: int = 0
    _stop: Callable[[], None] = lambda: None

    def listen(self) -> None:
        """At the same port as before."""
        server = Server(self, self._port)
        self._port = server.server_address[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}"
        if self.tls is not None:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join(10)

        self._stop = stop

    def go_away(self) -> None:
        """Nobody is there any more; connections that are open stay."""
        self._stop()
        self._stop = lambda: None

    @property
    def allowed(self) -> str:
        """The value of `Authorization`."""
        return (
            f"Basic {base64.b64encode(self.secret.encode()).decode()}"
            if ":" in self.secret
            else f"Bearer {self.secret}"
        )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def agent(self) -> FakeAgent:
        return self.server.agent  # type: ignore[attr-defined,no-any-return]

    def setup(self) -> None:
        super().setup()
        self.agent.connections += 1

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        agent, headers = self.agent, self.headers
        agent.requests.append(dict(headers))
        if agent.secret and headers.get("Authorization") != agent.allowed:
            return self._give(401, "", WWW_Authenticate='Basic realm="mesos-agent-readwrite"')
        if agent.redirects_to:
            return self._give(307, "", Location=agent.redirects_to)
        if agent.recovering:
            agent.recovering -= 1
            return self._give(503, "Agent has not finished recovery")
        if self.command != "POST":
            return self._give(405, f"Expecting one of {{ 'POST' }}, but received '{self.command}'", Allow="POST")
        refusal = self._refusal()
        if refusal:
            return self._give(*refusal)
        return self._broken() if agent.breaks else self._to(body)

    def _refusal(self) -> tuple[int, str] | None:
        headers = self.headers
        if headers.get("Content-Type") is None:
            return 400, "Expecting 'Content-Type' to be present"
        if headers["Content-Type"] not in TYPES or "Message-Content-Type" in headers:
            return 415, f"Expecting 'Content-Type' of {' or '.join(TYPES)}"
        accepted = headers.get("Accept", "*/*")
        if "Message-Accept" in headers or not any(one in accepted for one in ("*/*", "application/*", *TYPES)):
            return 406, f"Expecting 'Accept' to allow {' or '.join(TYPES)}"
        return None

    def _to(self, body: bytes) -> None:
        try:
            question = json.loads(body)
            kind = question["type"]
        except (ValueError, LookupError, TypeError) as error:
            return self._give(400, f"Failed to parse body into JSON: {error}")
        self.agent.questions.append(question)
        answers = {"GET_STATE": self.agent.state, "GET_CONTAINERS": self.agent.containers}
        if kind in answers:
            return self._json(json.dumps(answers[kind]).encode())
        return self._give(501 if kind == "UNKNOWN" or kind in OTHER_QUESTIONS else 400, "")

    def _json(self, content: bytes) -> None:
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            return self._send(200, gzip.compress(content), Content_Type="application/json", Content_Encoding="gzip")
        return self._send(200, content, Content_Type="application/json")

    def _broken(self) -> None:
        how = self.agent.breaks
        if how.isdigit():
            return self._give(int(how), "no")
        if how == "text":
            return self._send(200, b"<html>Sign in</html>", Content_Type="text/html")
        if how == "huge":
            return self._json(b'{"type":"GET_STATE","x":"' + b"x" * (65 << 20) + b'"}')
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"type": "GET_STATE", "get_state": {')
        self.close_connection = True
        if how == "slow":
            time.sleep(20)
        return None

    def _give(self, code: int, text: str, **headers: str) -> None:
        self._send(code, text.encode(), Content_Type="text/plain; charset=utf-8", **headers)

    def _send(self, code: int, content: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, agent: FakeAgent, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.agent = agent

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are part of the tests


@contextmanager
def mesos_agent(tls: ssl.SSLContext | None = None, **fields: Any) -> Iterator[FakeAgent]:
    """One that listens on loopback while the context lasts."""
    agent = FakeAgent(tls=tls, **fields)
    agent.listen()
    try:
        yield agent
    finally:
        agent.go_away()
