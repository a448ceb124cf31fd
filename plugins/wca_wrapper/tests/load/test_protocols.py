"""What servers answer, in whatever pieces it comes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper.load.protocols import PROTOCOLS, Dialogue
from wca_wrapper.load.protocols.contract import Answer, AnswerError
from wca_wrapper.load.target import parse_target

REDIS, MEMCACHED, HTTP = (PROTOCOLS[scheme](parse_target(f"{scheme}://server/page?a=1")) for scheme in PROTOCOLS)

ANSWERS: list[tuple[Dialogue, bytes, bool]] = [
    (REDIS, b"+OK\r\n", True),
    (REDIS, b"$-1\r\n", True),
    (REDIS, b"$0\r\n\r\n", True),
    (REDIS, b"$7\r\na\r\nb\r\nc\r\n", True),
    (REDIS, b"-LOADING Redis is loading the dataset in memory\r\n", False),
    (MEMCACHED, b"END\r\n", True),
    (MEMCACHED, b"STORED\r\n", True),
    (MEMCACHED, b"VALUE wca:1 0 5\r\nEND\r\n\r\nEND\r\n", True),
    (MEMCACHED, b"SERVER_ERROR out of memory storing object\r\n", False),
    (HTTP, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n", True),
    (HTTP, b"HTTP/1.1 204 No Content\r\n\r\n", True),
    (HTTP, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", False),
    (
        HTTP,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nE: f\r\n\r\n",
        True,
    ),
]


@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 100)))
def test_an_answer_ends_where_it_ends_in_whatever_pieces_it_comes(
    case: tuple[Dialogue, bytes, bool], cuts: list[int]
) -> None:
    dialogue, text, verdict = case
    borders = sorted({0, len(text), *(cut % len(text) for cut in cuts)})
    answer = Answer(dialogue.answer())

    verdicts = [answer.feed(text[start:end]) for start, end in pairwise(borders)]

    assert verdicts == [None] * (len(verdicts) - 1) + [verdict]


@given(st.sampled_from([REDIS, MEMCACHED, HTTP]), st.lists(st.binary(min_size=1)))
def test_whatever_comes_is_understood_or_refused(dialogue: Dialogue, pieces: list[bytes]) -> None:
    answer = Answer(dialogue.answer())
    try:
        verdicts = [verdict for piece in pieces if (verdict := answer.feed(piece)) is not None]
    except (AnswerError, StopIteration):
        return
    assert len(verdicts) <= 1


@pytest.mark.parametrize(
    ("dialogue", "text"),
    [
        (REDIS, b"*1\r\n"),
        (REDIS, b"$-7\r\n"),
        (REDIS, b"$99999999999\r\n"),
        (REDIS, b"+OK\r\n+OK\r\n"),
        (MEMCACHED, b"+OK\r\n"),
        (MEMCACHED, b"VALUE wca:1 0 many\r\n"),
        (HTTP, b"SSH-2.0-OpenSSH\r\n"),
        (HTTP, b"HTTP/1.1 200 OK\r\n\r\n"),
        (HTTP, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),
    ],
)
def test_what_is_no_answer_is_refused(dialogue: Dialogue, text: bytes) -> None:
    with pytest.raises(AnswerError):
        Answer(dialogue.answer()).feed(text)


def test_requests_are_written_so() -> None:
    assert REDIS.read(3) == b"*2\r\n$3\r\nGET\r\n$5\r\nwca:3\r\n"
    assert REDIS.write(3, b"xy") == b"*3\r\n$3\r\nSET\r\n$5\r\nwca:3\r\n$2\r\nxy\r\n"
    assert MEMCACHED.read(3) == b"get wca:3\r\n"
    assert MEMCACHED.write(3, b"xy") == b"set wca:3 0 0 2\r\nxy\r\n"
    assert HTTP.read(3) == b"GET /page?a=1 HTTP/1.1\r\nHost: server:80\r\n\r\n"
