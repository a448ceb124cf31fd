"""Servers that say again what they were shown: no error, no traceback and no line of the log tells the secret."""

from __future__ import annotations

import base64
import json
import logging
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.http_servers import Answer, Handler, client_of, serving
from wca_core.errors import HttpStatusError, NetworkError
from wca_core.net import Authorization, BasicAuthorization, BearerToken
from wca_core.net.masking import HIDDEN, SHORTEST_START, Secrets

pytest.importorskip("urllib3")

SECRET = "hush-Hush-0123456789+/abcdef"
KINDS = ("bearer", "basic")
RAW = [
    b"HTTP/1.1 403 %s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s",
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n<html>%s</html>",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: /login?next=%s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/%s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 403 Forbidden\r\n%s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 403 Forbidden\r\nX-One: 1\r\n%s: : \x01\r\n\r\n",
    b"%s\r\n\r\n",
    b"HTTP/1.1 %s\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
    b"HTTP/1.1 503 No\r\nTransfer-Encoding: %s\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n[",
]
SPELLINGS = {
    "as it came": lambda text: text,
    "in a URL": lambda text: quote(text, safe=""),
    "in JSON": lambda text: json.dumps({"authorization": text}),
    "in Python": repr,
}


def raw(template: bytes, echo: bytes) -> Answer:
    content = template.replace(b"%s", echo).replace(
        b"%d", b"%d" % (len(template.partition(b"\r\n\r\n")[2]) + len(echo))
    )

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(content)

    return answer


@contextmanager
def shown_as(kind: str, secret: str) -> Iterator[Authorization]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "secret")
        path.write_text(secret)
        path.chmod(0o600)
        yield BearerToken(str(path)) if kind == "bearer" else BasicAuthorization("wca", str(path))


class Log(logging.Handler):
    """All that is logged by anybody, with tracebacks, as one text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += logging.Formatter().format(record) + "\n"


@contextmanager
def logged() -> Iterator[Log]:
    log, root = Log(), logging.getLogger()
    before = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.setLevel(before)
        root.removeHandler(log)


def told(answer: Answer, authorization: Authorization) -> tuple[Exception | None, str]:
    """The error of a question, and all texts about it."""
    with logged() as log, serving(answer) as server, client_of(server.url, authorization=authorization) as client:
        try:
            client.get("/pods")
        except NetworkError as error:
            location = error.location if isinstance(error, HttpStatusError) else ""
            return error, "\n".join([log.text, location, *traceback.format_exception(error)])
    return None, log.text


@pytest.mark.parametrize("template", RAW)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_server_that_echoes_what_it_was_shown_gets_it_into_no_text(
    template: bytes, kind: str, spelling: object
) -> None:
    with shown_as(kind, SECRET) as authorization:
        for secret in (authorization.header(), SECRET):
            echo = spelling(secret)  # type: ignore[operator]
            error, text = told(raw(template, echo.encode()), authorization)

            assert error is not None
            assert not any(
                one.lower() in text.lower() for one in (secret, echo, base64_of(SECRET).rstrip("="), "hush-hush")
            )


def base64_of(secret: str) -> str:
    return base64.b64encode(f"wca:{secret}".encode()).decode()


def test_what_stands_around_the_secret_is_still_told() -> None:
    with shown_as("bearer", SECRET) as authorization:
        error, _ = told(raw(RAW[1], b"who is Bearer " + SECRET.encode() + b"?"), authorization)

        assert f"/pods: HTTP 403 Forbidden: 'who is Bearer {HIDDEN}?'" in str(error)


@given(
    st.sampled_from(KINDS),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=400),
    st.sampled_from(RAW),
    st.text(st.sampled_from("ab \"'"), max_size=250),
    st.sampled_from(sorted(SPELLINGS)),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_server_answers_no_text_tells_the_secret(
    kind: str, secret: str, template: bytes, before: str, spelling: str
) -> None:
    with shown_as(kind, secret) as authorization:
        header = authorization.header()
        echo = before + SPELLINGS[spelling](header) + SPELLINGS[spelling](secret)
        _, text = told(raw(template, echo.encode()), authorization)

    assert secret not in text
    assert header.partition(" ")[2] not in text


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="xyz "), min_size=8),
    st.integers(0),
    st.text(st.sampled_from("xyz "), max_size=300),
)
def test_a_secret_that_is_cut_off_leaves_no_more_than_its_first_characters(secret: str, cut: int, before: str) -> None:
    secrets = Secrets()
    secrets.note("Authorization", f"Basic {base64_of(secret)}")
    start = secret[: cut % len(secret)]

    found = secrets.masked(f"{before}|{start}")

    assert found.startswith(f"{before}|")
    assert len(start) < SHORTEST_START or found.endswith(HIDDEN)
    assert len(found) <= len(before) + 1 + SHORTEST_START


def test_the_secret_before_is_masked_as_well_as_that_of_a_proxy() -> None:
    secrets = Secrets()
    secrets.note("proxy-authorization", "Basic " + base64.b64encode(b"me:squid-word").decode())
    for number in range(100, 110):
        secrets.note("Authorization", f"Bearer token-{number}")

    assert secrets.masked("token-109, token-108, squid-word") == "***, ***, ***"
