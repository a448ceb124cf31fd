"""Secrets that are shown to servers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.core.http_servers import Handler, client_of, fails, says, serving
from wca_core.errors import HttpStatusError, NetworkError
from wca_core.net import BasicAuthorization, BearerToken

pytest.importorskip("urllib3")


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


def test_a_token_that_no_header_can_hold_is_told_without_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("hush-\u20ac")
    path.chmod(0o600)
    with (
        serving(says(1)) as server,
        client_of(server.url, authorization=BearerToken(str(path))) as client,
        pytest.raises(NetworkError, match=rf"{path}: a token of ASCII characters expected") as raised,
    ):
        client.get("/")

    assert "hush" not in str(raised.value)
    assert server.asked == []
