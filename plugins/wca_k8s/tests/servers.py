"""A kubelet and an API server on loopback, with TLS, that behave as the real ones and, if told to, as broken ones.

What they say of refusals was taken from real ones: see `fixtures/README.md`.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from plugins.wca_k8s.tests.given import Json
from tests.certificates import Authority

FORBIDDEN = "Forbidden (user=system:serviceaccount:default:wca, verb=get, resource=nodes, subresource=proxy)"
NEVER = 60.0
"""Seconds after which a server that is to say nothing gives up."""

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: FakeServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.server.asked.append(Asked(self.path, dict(self.headers), self.rfile.read(length)))
        behaviour = self.server.behaviour
        if self.server.behaviours:
            behaviour = self.server.behaviours.pop(0)
        if behaviour is not None:
            behaviour(self)
        elif not self.server.is_known(self):
            self.give(b"Unauthorized", 401, "text/plain")
        else:
            self.server.answer(self)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""

    def give(self, content: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def give_json(self, document: Json, status: int = 200) -> None:
        self.give(json.dumps(document).encode(), status)

    def begin(self) -> None:
        """A stream of chunks."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    @property
    def query(self) -> Mapping[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> Mapping[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def place(self) -> str:
        return urlsplit(self.path).path


class FakeServer(ThreadingHTTPServer):
    """Answers on loopback; `behaviours` are used up one by one, then `behaviour`, then what it really does."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, authority: Authority | None, *, needs_certificate: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Asked] = []
        self.behaviour: Behaviour | None = None
        self.behaviours: list[Behaviour] = []
        self.token: str | None = None
        """What clients must show; None: nothing."""
        self.scheme = "http"
        if authority is not None:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.sign("server"))
            if needs_certificate:
                context.load_verify_locations(authority.certificate)
                context.verify_mode = ssl.CERT_REQUIRED
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        return cast(int, self.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def is_known(self, handler: Handler) -> bool:
        return self.token is None or handler.headers.get("Authorization") == f"Bearer {self.token}"

    def answer(self, handler: Handler) -> None:
        raise NotImplementedError

    def handle_error(self, *_: object) -> None:
        """Clients that go away are no error of a test."""

    def give_up(self) -> None:
        """Let go of streams."""


@contextmanager
def serving(server: FakeServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.give_up()
        server.shutdown()
        server.server_close()
        thread.join()


class FakeKubelet(FakeServer):
    """`GET /pods`, `GET /configz`."""

    def __init__(self, authority: Authority | None, **options: Any) -> None:
        super().__init__(authority, **options)
        self.pods: Sequence[Json] = ()
        self.is_forbidden = False
        self.cgroup_driver = "cgroupfs"

    def answer(self, handler: Handler) -> None:
        if self.is_forbidden:
            handler.give(FORBIDDEN.encode(), 403, "text/plain")
        elif handler.path == "/pods":
            handler.give_json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": list(self.pods)})
        elif handler.path == "/configz":
            handler.give_json({"kubeletconfig": {"cgroupDriver": self.cgroup_driver}})
        else:
            handler.give(b"404 page not found", 404, "text/plain")


def hung_up(handler: Handler) -> None:
    """No answer: the connection ends."""
    handler.close_connection = True


def refusal(code: int, reason: str, message: str) -> Json:
    """A `Status`, as the API server tells of failures."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code}  # fmt: skip


GONE = refusal(410, "Expired", "too old resource version: 1 (7)")


@dataclass(eq=False)
class _Store:
    """Pods with versions, and what happened to them."""

    pods: dict[str, Json] = field(default_factory=dict)
    version: int = 100
    oldest: int = 0
    """A watch cannot begin before this version."""
    events: list[tuple[int, Json]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)


class FakeApiServer(FakeServer):
    """Lists page by page, and watches, of pods in any namespace and on any node."""

    def __init__(self, authority: Authority | None, **options: Any) -> None:
        super().__init__(authority, **options)
        self.store = _Store()
        self.pages_expire = 0
        """So many further pages are answered with 410."""
        self._era = 0
        self._is_broken = False

    # -- what a test does -----------------------------------------------------------------------

    def put(self, *pods: Json) -> None:
        """Add pods, or change them."""
        for pod in pods:
            self._tell("MODIFIED" if pod["metadata"]["uid"] in self.store.pods else "ADDED", pod)

    def delete(self, uid: str) -> None:
        self._tell("DELETED", self.store.pods[uid])

    def bookmark(self) -> None:
        """Tell watches how far they are."""
        self._tell("BOOKMARK", {"kind": "Pod", "metadata": {}, "spec": {}})

    def forget_history(self) -> None:
        """No watch can go on from any version but the one of now."""
        with self.store.changed:
            self.store.version += 1
            self.store.oldest = self.store.version
            self.store.events.clear()

    def say(self, line: bytes) -> None:
        """Something that is no event."""
        with self.store.changed:
            self.store.version += 1
            self.store.events.append((self.store.version, line))
            self.store.changed.notify_all()

    def end_watches(self) -> None:
        """End all streams, as an API server does from time to time."""
        self._next_era(is_broken=False)

    def drop_watches(self) -> None:
        """Break all streams off, as a server that dies does."""
        self._next_era(is_broken=True)

    def _next_era(self, *, is_broken: bool) -> None:
        with self.store.changed:
            self._is_broken = is_broken
            self._era += 1
            self.store.changed.notify_all()

    def give_up(self) -> None:
        self.drop_watches()

    def watches(self) -> list[Asked]:
        return [one for one in self.asked if "watch" in one.query]

    def lists(self) -> list[Asked]:
        return [one for one in self.asked if "watch" not in one.query]

    # -- what a client sees ---------------------------------------------------------------------

    def answer(self, handler: Handler) -> None:
        parts = urlsplit(handler.path).path.strip("/").split("/")
        namespace = parts[3] if parts[:3] == ["api", "v1", "namespaces"] else None
        if parts[:2] != ["api", "v1"] or parts[-1] != "pods":
            handler.give_json(refusal(404, "NotFound", "not found"), 404)
        elif "watch" in handler.query:
            self._watch(handler, namespace)
        else:
            self._list(handler, namespace)

    def _list(self, handler: Handler, namespace: str | None) -> None:
        query = handler.query
        if "continue" in query and self.pages_expire:
            self.pages_expire -= 1
            handler.give_json(GONE, 410)
            return
        with self.store.changed:
            pods = [pod for pod in self.store.pods.values() if _fits(pod, namespace, query)]
            version = str(self.store.version)
        begin, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(pods)
        rest = "" if begin + limit >= len(pods) else str(begin + limit)
        metadata = {"resourceVersion": version, **({"continue": rest} if rest else {})}
        handler.give_json(
            {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": pods[begin : begin + limit]}
        )

    def _watch(self, handler: Handler, namespace: str | None) -> None:
        query, era = handler.query, self._era
        seen = int(query["resourceVersion"])
        handler.begin()
        if seen < self.store.oldest:
            handler.chunk(json.dumps({"type": "ERROR", "object": GONE}).encode() + b"\n")
            handler.chunk(b"")
            return
        while (news := self._news(seen, era)) is not None:
            for version, event in news:
                seen = version
                if isinstance(event, bytes):
                    handler.chunk(event + b"\n")
                elif event["type"] == "BOOKMARK" or _fits(event["object"], namespace, query):
                    handler.chunk(json.dumps(event).encode() + b"\n")
        if not self._is_broken:
            handler.chunk(b"")
            return
        with suppress(OSError):
            handler.connection.close()
        handler.close_connection = True

    def _news(self, seen: int, era: int) -> list[tuple[int, Json]] | None:
        """What happened after a version, as soon as something did; None once the watches of this era are to end."""

        def is_over() -> bool:
            return self._era != era

        def happened() -> list[tuple[int, Json]]:
            return [(version, event) for version, event in self.store.events if version > seen]

        with self.store.changed:
            self.store.changed.wait_for(lambda: is_over() or bool(happened()), NEVER)
            return None if is_over() else happened()

    def _tell(self, kind: str, pod: Json) -> None:
        with self.store.changed:
            self.store.version += 1
            pod = {**pod, "metadata": {**pod["metadata"], "resourceVersion": str(self.store.version)}}
            if kind in ("ADDED", "MODIFIED"):
                self.store.pods[pod["metadata"]["uid"]] = pod
            elif kind == "DELETED":
                self.store.pods.pop(pod["metadata"]["uid"])
            self.store.events.append((self.store.version, {"type": kind, "object": pod}))
            self.store.changed.notify_all()


def _fits(pod: Json, namespace: str | None, query: Mapping[str, str]) -> bool:
    node = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
    return (namespace is None or pod["metadata"]["namespace"] == namespace) and (
        not node or pod["spec"].get("nodeName") == node
    )
