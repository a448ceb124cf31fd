"""Answers that go on: their lines, their silence, their end."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.http_servers import Handler, client_of, says, serving
from wca_core.errors import NetworkError
from wca_core.net.lines import LongLineError, lines_of

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


@given(st.lists(st.text(st.sampled_from("ab\n"), max_size=6)))
def test_pieces_are_the_lines_of_the_whole_wherever_they_are_cut(pieces: list[str]) -> None:
    found = list(lines_of((piece.encode() for piece in pieces), 100))

    assert found == [line.encode() for line in "".join(pieces).split("\n") if line]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_that_is_too_long_ends_a_stream_behind_those_before_it(end: bytes) -> None:
    def long(handler: Handler) -> None:
        handler.give(b"one\n12345678\n" + b"x" * 9 + end)

    with (
        serving(long) as server,
        client_of(server.url, largest=8) as client,
        client.stream("/pods", {}, patience=5) as lines,
    ):
        assert [next(lines), next(lines)] == [b"one", b"12345678"]
        with pytest.raises(NetworkError, match="a line of more than 8 bytes"):
            next(lines)


def test_a_line_of_64_mebibytes_is_not_copied_for_each_of_its_pieces() -> None:
    class Piece(bytes):
        """Tells how much is copied in front of it: what grows with each piece is quadratic."""

        copied = 0

        def __radd__(self, other: bytes) -> bytes:
            Piece.copied += len(other)
            return bytes(other) + bytes(self)

    size = 1 << 12
    pieces = [Piece(b"x" * size)] * ((64 << 20) // size)

    with pytest.raises(LongLineError):
        list(lines_of([*pieces, b"x"], 64 << 20))

    assert Piece.copied == 0
    assert sum(map(len, lines_of(pieces, 64 << 20))) == 64 << 20
