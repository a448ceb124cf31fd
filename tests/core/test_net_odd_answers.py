"""Answers of servers that break off, stall, drip, or send what nobody asked for."""

from __future__ import annotations

import gzip
import socket
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.http_servers import Answer, Handler, client_of, fails, says, serving
from wca_core.errors import HttpStatusError, NetworkError

pytest.importorskip("urllib3")


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


def in_drops(*parts: bytes) -> Answer:
    """The first part at once, the others byte by byte."""

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(parts[0])
        for byte in b"".join(parts[1:]):
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)

    return answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Long: " + b"x" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        (CHUNKED, b"1;" + b"x" * 1000),
        (CHUNKED + b"2\r\n[]\r\n0\r\n", b"X-Trailer: 1\r\n" * 100),
    ],
)
def test_what_is_around_the_content_may_not_drip_either(parts: tuple[bytes, ...]) -> None:
    with serving(in_drops(*parts), says("next")) as server, client_of(server.url, timeout=0.3) as client:
        with pytest.raises(NetworkError, match="no answer in time"):
            client.get("/pods")

        assert client.get("/pods") == "next"


@pytest.mark.parametrize("layers", [1, 2])
def test_an_answer_that_is_compressed_is_not_unpacked(layers: int) -> None:
    content = b" " * 1_000_000
    for _ in range(layers):
        content = gzip.compress(content)
    encoding = ", ".join(["gzip"] * layers)
    with (
        serving(lambda handler: handler.give(content, Content_Encoding=encoding), says("next")) as server,
        client_of(server.url, largest=1000) as client,
    ):
        with pytest.raises(NetworkError, match=f"encoded as '{encoding}'"):
            client.get("/")

        assert client.get("/") == "next"


def test_an_error_that_is_compressed_is_told_as_it_came() -> None:
    with (
        serving(lambda handler: handler.give(gzip.compress(b"x" * 1000), 503, Content_Encoding="gzip")) as server,
        client_of(server.url) as client,
        pytest.raises(HttpStatusError, match="HTTP 503"),
    ):
        client.get("/")


@given(st.binary(max_size=60), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED]))
@settings(max_examples=30, deadline=None)
def test_whatever_comes_is_an_answer_or_an_error_of_ours(content: bytes, before: bytes) -> None:
    def raw(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(before + content)

    with serving(raw) as server, client_of(server.url) as client, suppress(NetworkError):
        client.get("/")
