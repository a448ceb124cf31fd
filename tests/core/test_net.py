"""The HTTP client against real servers on loopback: what it asks, and what it makes of their answers."""

from __future__ import annotations

import json

import pytest

from tests.core.http_servers import Handler, client_of, fails, says, serving
from wca_core.errors import HttpStatusError, NetworkError

pytest.importorskip("urllib3")


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


def test_a_redirect_that_leads_nowhere_is_an_error() -> None:
    for nowhere in ({"Location": "http://[::1/x"}, {"Location": "http://127.0.0.1:99999/"}, {}):
        with (
            serving(fails(307, **nowhere)) as server,
            client_of(server.url) as client,
            pytest.raises(HttpStatusError, match="HTTP 307"),
        ):
            client.get("/")
        assert len(server.asked) == 1


def hangs_up(handler: Handler) -> None:
    handler.close_connection = True


def test_a_server_that_closed_a_connection_after_a_while_is_asked_once_more() -> None:
    with serving(says(1), hangs_up, says(2), hangs_up) as server, client_of(server.url) as client:
        assert [client.get("/"), client.post("/", {})] == [1, 2]
        for attempts in (2, 1):
            del server.asked[:]
            with pytest.raises(NetworkError, match="without response"):
                client.get("/")
            assert len(server.asked) == attempts


def test_what_a_server_says_cannot_control_a_terminal() -> None:
    def colourful(handler: Handler) -> None:
        handler.send_response(500, "\x1b[31mred")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with (
        serving(colourful) as server,
        client_of(server.url) as client,
        pytest.raises(HttpStatusError, match="HTTP 500 ") as raised,
    ):
        client.get("/")

    assert str(raised.value).isprintable()
