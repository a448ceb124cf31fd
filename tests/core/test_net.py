"""The HTTP client against real servers on loopback that behave as servers sometimes do."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wca_core.errors import HttpStatusError, NetworkError
from wca_core.net import BasicAuthorization, BearerToken, HttpClient
from wca_core.tls import SSL

pytest.importorskip("urllib3")

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

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are part of the tests


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(list(answers))
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


def test_json_is_asked_for_and_given_over_one_connection() -> None:
    with serving(says({"items": [1, 2]})) as server, client_of(server.url) as client:
        answers = [client.get("/pods", {"limit": "2"}), client.post("/api/v1", {"type": "GET_STATE"})]

        assert answers == [{"items": [1, 2]}] * 2
        assert [path for path, _, _ in server.asked] == ["/pods?limit=2", "/api/v1"]
        assert server.asked[0][2] == b""
        assert json.loads(server.asked[1][2]) == {"type": "GET_STATE"}
        assert server.asked[1][1]["Content-Type"] == server.asked[1][1]["Accept"] == "application/json"
        assert server.connections == 1


def test_a_status_of_failure_is_an_error_with_place_status_and_text() -> None:
    with (
        serving(fails(403)) as server,
        client_of(server.url) as client,
        pytest.raises(HttpStatusError, match=r"/pods: HTTP 403 Forbidden: .*Status") as raised,
    ):
        client.get("/pods")

    assert raised.value.status == 403


def test_a_token_is_read_again_when_it_was_renewed_and_never_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = tmp_path / "token"
    token.write_text("secret-old\n")
    token.chmod(0o600)

    def renewed(handler: Handler) -> None:
        token.write_text("secret-new-one\n")
        fails(401)(handler)

    with (
        serving(says(1), renewed, says(2), fails(401)) as server,
        client_of(server.url, authorization=BearerToken(str(token))) as client,
    ):
        assert [client.get("/a"), client.get("/b")] == [1, 2]
        with pytest.raises(HttpStatusError, match="401") as raised:
            client.get("/c")

    shown = [headers["Authorization"] for _, headers, _ in server.asked]
    assert shown == ["Bearer secret-old"] * 2 + ["Bearer secret-new-one"] * 3
    assert "secret" not in caplog.text + str(raised.value)


def test_a_secret_that_is_missing_or_no_line_of_text_is_told_without_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = BearerToken(str(path))
    with pytest.raises(NetworkError, match="cannot be read: No such file"):
        token.header()
    for content in (b"", b"\n", b"hush\x00hush", b"\xff\xfe", b"hush\r\nX-Evil: 1"):
        path.write_bytes(content)
        token.renew()
        with pytest.raises(NetworkError) as raised:
            token.header()
        assert str(path) in str(raised.value)
        assert "hush" not in str(raised.value)


def test_a_secret_that_everybody_can_read_is_warned_about_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "secret"
    path.write_text("word")
    path.chmod(0o644)
    basic = BasicAuthorization("wca", str(path))
    for _ in range(2):
        assert basic.header() == "Basic d2NhOndvcmQ="
        basic.renew()

    assert caplog.text.count("everybody on this machine can read") == 1


def test_a_server_that_asks_to_come_again_is_asked_once_more() -> None:
    with serving(fails(503, Retry_After="0"), says("up")) as server, client_of(server.url) as client:
        assert client.get("/") == "up"

    for not_soon in ("3600", "Wed, 21 Oct 2026 07:28:00 GMT", "\u00b2"):
        with (
            serving(fails(503, Retry_After=not_soon)) as server,
            client_of(server.url) as client,
            pytest.raises(HttpStatusError, match="503"),
        ):
            client.get("/")
        assert len(server.asked) == 1


def test_redirects_are_followed_on_the_same_server_only() -> None:
    with (
        serving(fails(307, Location="/there"), says("here")) as server,
        client_of(server.url) as client,
    ):
        assert client.get("/pods") == "here"
        assert [path for path, _, _ in server.asked] == ["/pods", "/there"]

    with (
        serving(fails(307, Location="http://127.0.0.2:1/")) as server,
        client_of(server.url) as client,
        pytest.raises(HttpStatusError, match=r"307 .*sends to http://127\.0\.0\.2:1/") as raised,
    ):
        client.get("/")
    assert raised.value.location == "http://127.0.0.2:1/"

    with (
        serving(fails(302, Location="/again")) as server,
        client_of(server.url) as client,
        pytest.raises(NetworkError, match="more than 3 redirects"),
    ):
        client.get("/")


def test_what_is_no_json_is_an_error_that_shows_its_beginning() -> None:
    with (
        serving(lambda handler: handler.give(b"<html>Sign in</html>")) as server,
        client_of(server.url) as client,
        pytest.raises(NetworkError, match="JSON expected, found '<html>Sign in"),
    ):
        client.get("/pods")


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    with serving(lambda handler: handler.give(b"[" + b"1," * 99_999 + b"1]")) as server:
        with client_of(server.url, largest=100_000) as client, pytest.raises(NetworkError, match="more than 100000"):
            client.get("/")
        with client_of(server.url) as client:
            assert client.get("/") == [1] * 100_000


def cut_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"items": [')
    handler.close_connection = True


def silent(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    time.sleep(30)


def dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "told"),
    [(cut_off, "IncompleteRead|closed"), (silent, "no answer in time"), (dripping, "no whole answer in time")],
)
def test_an_answer_that_breaks_off_stalls_or_drips_is_an_error_and_the_next_is_read(answer: Answer, told: str) -> None:
    with serving(answer, says("next")) as server, client_of(server.url, timeout=0.3) as client:
        with pytest.raises(NetworkError, match=told):
            client.get("/pods")

        assert client.get("/pods") == "next"


def test_nobody_there_is_an_error_that_names_the_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        client_of(f"http://127.0.0.1:{port}") as client,
        pytest.raises(NetworkError, match=rf"^http://127.0.0.1:{port}/pods: (?!no answer).*refused"),
    ):
        client.get("/pods")


def streaming(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for part in (b'{"type": "ADD', b'ED"}\n\n{"type":', b' "DELETED"}\n'):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.flush()
        time.sleep(0.02)
    handler.wfile.write(b"0\r\n\r\n")


def test_lines_come_whole_while_the_answer_goes_on() -> None:
    with (
        serving(streaming) as server,
        client_of(server.url) as client,
        client.stream("/pods", {"watch": "1"}, patience=5) as lines,
    ):
        assert list(lines) == [b'{"type": "ADDED"}', b'{"type": "DELETED"}']


def beginning(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.flush()
    time.sleep(30)


def test_a_stream_that_says_nothing_is_an_error_after_a_while() -> None:
    with (
        serving(beginning) as server,
        client_of(server.url) as client,
        pytest.raises(NetworkError, match="no answer in time"),
        client.stream("/pods", {}, patience=0.2) as lines,
    ):
        list(lines)


def test_a_stream_ends_when_another_thread_hangs_up() -> None:
    ended = threading.Event()

    def reading() -> None:
        with suppress(NetworkError), client.stream("/pods", {}, patience=60) as lines:
            begun.set()
            list(lines)
        ended.set()

    with serving(beginning) as server, client_of(server.url) as client:
        client.hang_up()  # nothing to end yet
        begun = threading.Event()
        thread = threading.Thread(target=reading, daemon=True)
        thread.start()
        assert begun.wait(10)
        client.hang_up()

        assert ended.wait(10)
        thread.join(10)


def test_an_answer_has_to_be_whole_before_the_deadline_of_who_asks() -> None:
    started = time.monotonic()
    with (
        serving(dripping) as server,
        client_of(server.url, timeout=60) as client,
        pytest.raises(NetworkError, match="no whole answer"),
    ):
        client.get("/pods", deadline=started + 0.3)

    with (
        serving(fails(503, Retry_After="5")) as server,
        client_of(server.url, timeout=60) as client,
        pytest.raises(HttpStatusError, match="503"),
    ):
        client.get("/pods", deadline=time.monotonic() + 1)
    assert len(server.asked) == 1


def test_proxies_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(says("direct")) as server, client_of(server.url) as client:
        assert client.get("/") == "direct"


class Authority:
    """An authority that signs certificates with openssl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout",
                  "ca.key", "-out", "ca.pem")  # fmt: skip

    def signed(self, name: str) -> Path:
        """Certificate and key in one file, for 127.0.0.1."""
        self._run(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", "new.key", "-out", "new.csr"
        )
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1")
        self._run("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                  "2", "-extfile", "names", "-out", "new.pem")  # fmt: skip
        return self._joined(f"{name}.pem")

    def _joined(self, name: str) -> Path:
        target = self.folder / f"{name}.tmp"
        target.write_text((self.folder / "new.key").read_text() + (self.folder / "new.pem").read_text())
        return target.rename(self.folder / name)

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_shown_and_renewed_ones_are_used(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown = authority.signed("first")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(authority.signed("server"))
    server_side.load_verify_locations(authority.certificate)
    server_side.verify_mode = ssl.CERT_REQUIRED

    def who(handler: Handler) -> None:
        certificate = handler.connection.getpeercert()  # type: ignore[attr-defined]
        handler.give(json.dumps(dict(part[0] for part in certificate["subject"])["commonName"]).encode())

    tls = SSL(server_verify=str(authority.certificate), client_cert_path=str(shown))
    with serving(who, tls=server_side) as server:
        with client_of(server.url, tls=tls) as client:
            first = [client.get("/"), client.get("/")]
            os.replace(authority.signed("second"), shown)
            second = client.get("/")
        with client_of(server.url, timeout=5) as client, pytest.raises(NetworkError, match=r"ssl\.server_verify"):
            client.get("/")

        with client_of(server.url, tls=SSL(server_verify=False, client_cert_path=str(shown))) as client:
            assert client.get("/") == "second"

    assert first == ["first", "first"]
    assert second == "second"
