"""Answers that go on: their lines, their silence, their end."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from tests.core.http_servers import Handler, client_of, says, serving
from wca_core.errors import NetworkError

pytest.importorskip("urllib3")


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


def test_a_stream_that_was_left_early_does_not_spoil_the_next_question() -> None:
    with serving(streaming, says("next")) as server, client_of(server.url) as client:
        with client.stream("/pods", {}, patience=5) as lines:
            assert next(lines) == b'{"type": "ADDED"}'

        assert client.get("/") == "next"
