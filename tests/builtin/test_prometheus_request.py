"""Heads of requests: what is understood, and that anything else is refused and nothing worse."""

from http import HTTPStatus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wca_core.builtin.prometheus.request import Request, RequestError, parse_head


def test_a_request_has_method_path_and_headers_by_name_in_lower_case() -> None:
    head = b"GET /metrics?x=1 HTTP/1.1\r\nHost: a:1\r\nAccept: text/plain\r\nACCEPT:  */* \r\nX-Empty:"

    assert parse_head(head) == Request(
        method="GET",
        path="/metrics",
        headers={"host": "a:1", "accept": "text/plain, */*", "x-empty": ""},
        keeps_alive=True,
    )


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/a/../b", "/a/../b"),
        ("/%2e", "/%2e"),
        ("/a#b", "/a"),
        ("http://h:1/metrics?q", "/metrics"),
        ("HTTP://h", "/"),
        ("*", "*"),
    ],
)
def test_the_path_is_what_was_sent_without_query_and_server(target: str, path: str) -> None:
    assert parse_head(f"GET {target} HTTP/1.0".encode()).path == path


@pytest.mark.parametrize(
    ("line", "headers", "keeps_alive"),
    [
        ("GET / HTTP/1.1", "Host: h", True),
        ("GET / HTTP/1.1", "Host: h\nConnection: Close", False),
        ("GET / HTTP/1.1", "Host: h\nContent-Length: 0", True),
        ("GET / HTTP/1.1", "Host: h\nContent-Length: 3", False),
        ("GET / HTTP/1.1", "Host: h\nTransfer-Encoding: chunked", False),
        ("GET / HTTP/1.0", "Host: h\nConnection: keep-alive", False),
    ],
)
def test_a_connection_goes_on_if_the_client_wants_it_and_no_body_follows(
    line: str, headers: str, keeps_alive: bool
) -> None:
    assert parse_head(f"{line}\n{headers}".encode()).keeps_alive is keeps_alive


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (b"", "a request line like"),
        (b"GET /", "a request line like"),
        (b"GET  / HTTP/1.1", "a request line like"),
        (b"\x16\x03\x01\x02\x00", "a request line like"),
        (b"GET metrics HTTP/1.1\r\nHost: h", "a target like"),
        (b"CONNECT h:1 HTTP/1.1\r\nHost: h", "a target like"),
        (b"GET / HTTP/1.1", "a header Host expected"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: i", "found several"),
        (b"GET / HTTP/1.1\r\nHost : h", "a header like"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n folded", "a header like"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\0c", "a header like"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc", "a header like"),
    ],
)
def test_what_is_no_request_is_told_with_what_was_expected(head: bytes, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint) as refused:
        parse_head(head)

    assert refused.value.status is HTTPStatus.BAD_REQUEST


def test_another_version_is_refused_as_such() -> None:
    with pytest.raises(RequestError, match=r"found HTTP/2\.0") as refused:
        parse_head(b"PRI * HTTP/2.0")

    assert refused.value.status is HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


@given(st.binary(max_size=200) | st.builds(lambda rest: b"GET / HTTP/1.1\r\nHost: h\r\n" + rest, st.binary()))
@example(b"GET / HTTP/1.1\r\nHost: h\r\nA:" + b" " * 16000 + b"b\r")
def test_any_bytes_are_a_request_or_refused(head: bytes) -> None:
    try:
        request = parse_head(head)
    except RequestError:
        return
    assert request.path[:1] in ("/", "*")
