"""Asking an agent: what it wants of a request, and what its refusals mean."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wca_mesos.agent_api import PATH, AgentApi

from plugins.wca_mesos.tests.agents import FakeAgent, mesos_agent
from plugins.wca_mesos.tests.given import containers, fixture, state, task
from tests.certificates import Authority, needs_openssl
from wca_core.errors import HttpStatusError, NetworkError, TaskSynchronizationException
from wca_core.net import Authorization, BasicAuthorization, BearerToken, HttpClient
from wca_core.tls import SSL

PERMITTED = r"view_containers, view_tasks, view_executors and view_frameworks"


@contextmanager
def api_of(
    agent: FakeAgent, *, tls: SSL | None = None, authorization: Authorization | None = None, timeout: float = 5.0
) -> Iterator[AgentApi]:
    client = HttpClient(agent.url, timeout=timeout, tls=tls, authorization=authorization)
    api = AgentApi(client, recovery=0.0)
    try:
        yield api
    finally:
        api.close()


def test_both_questions_are_asked_in_the_exact_form_over_one_connection() -> None:
    with mesos_agent(state=fixture("group"), containers=fixture("group_containers")) as agent, api_of(agent) as api:
        assert [one.task_id for one in api.state().running] == ["shop.api", "shop.log"]
        assert len(api.containers()) == 3

        assert agent.questions == [
            {"type": "GET_STATE"},
            {"type": "GET_CONTAINERS", "get_containers": {"show_nested": True}},
        ]
        for headers in agent.requests:
            assert headers["Content-Type"] == headers["Accept"] == "application/json"
        assert agent.connections == 1


def test_an_agent_that_answers_the_same_gives_the_same_state() -> None:
    with mesos_agent(state=state(task("a"))) as agent, api_of(agent) as api:
        first = api.state()
        assert api.state() is first

        agent.state = state(task("a"), task("b"))
        assert [one.task_id for one in api.state().running] == ["a", "b"]


def test_an_agent_that_recovers_is_asked_once_more() -> None:
    with mesos_agent(recovering=1) as agent, api_of(agent) as api:
        assert api.state().running == []
        assert len(agent.requests) == 2

        agent.recovering = 2
        with pytest.raises(HttpStatusError, match=r"503 .*Agent has not finished recovery") as raised:
            api.state()
        assert raised.value.status == 503
        assert len(agent.requests) == 4


@pytest.mark.parametrize("authorization", [None, "wrong"])
def test_who_may_not_ask_is_told_what_is_needed(authorization: str | None, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong")
    shown = BasicAuthorization("wca", f"{tmp_path}/secret") if authorization else None
    with (
        mesos_agent(secret="wca:right") as agent,
        api_of(agent, authorization=shown) as api,
        pytest.raises(HttpStatusError, match=rf"HTTP 401 .*{PERMITTED}") as raised,
    ):
        api.state()

    assert raised.value.status == 401
    assert "wrong" not in str(raised.value)


def test_what_is_forbidden_is_told_with_what_is_needed() -> None:
    with (
        mesos_agent(breaks="403") as agent,
        api_of(agent) as api,
        pytest.raises(HttpStatusError, match=rf"HTTP 403 .*{PERMITTED}"),
    ):
        api.state()


def test_name_and_password_are_shown_and_renewed_ones_are_used(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    secret.chmod(0o600)
    with (
        mesos_agent(secret="wca:first") as agent,
        api_of(agent, authorization=BasicAuthorization("wca", str(secret))) as api,
    ):
        api.state()

        agent.secret = "wca:second-one"
        secret.write_text("second-one\n")

        api.state()


def test_a_token_is_shown(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc.def\n")
    token.chmod(0o600)
    with mesos_agent(secret="abc.def") as agent, api_of(agent, authorization=BearerToken(str(token))) as api:
        api.state()


@pytest.mark.parametrize("there", ["http://127.0.0.2:5050/api/v1", "//master.example:5050/api/v1"])
def test_a_redirect_to_another_server_is_what_a_master_does(there: str) -> None:
    with (
        mesos_agent(redirects_to=there) as agent,
        api_of(agent) as api,
        pytest.raises(HttpStatusError, match=r"HTTP 307 .*this is a master; configure the agent"),
    ):
        api.state()


def test_a_master_is_known_by_its_answer() -> None:
    with (
        mesos_agent(state=fixture("master")) as agent,
        api_of(agent) as api,
        pytest.raises(TaskSynchronizationException, match=rf"{agent.url}/api/v1 GET_STATE: this is a master"),
    ):
        api.state()


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        ("500", "HTTP 500"),
        ("404", "HTTP 404"),
        ("text", "JSON expected, found '<html>Sign in"),
        ("truncated", "IncompleteRead"),
        ("slow", "no answer in time"),
        ("huge", "an answer of more than 67108864 bytes"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(breaks: str, found: str) -> None:
    with (
        mesos_agent(breaks=breaks) as agent,
        api_of(agent, timeout=0.3 if breaks == "slow" else 20) as api,
        pytest.raises(NetworkError, match=found),
    ):
        api.state()


@needs_openssl
def test_an_agent_with_tls_is_known_by_its_authority_and_knows_us_by_ours(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    certificate, key = authority.sign("agent")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    server_side.load_verify_locations(authority.certificate)
    server_side.verify_mode = ssl.CERT_REQUIRED
    own, own_key = authority.sign("wca")
    trusting = SSL(server_verify=authority.certificate, client_cert_path=own, client_key_path=own_key)

    with mesos_agent(tls=server_side, state=state(task("a"))) as agent:
        with api_of(agent, tls=trusting) as api:
            assert [one.task_id for one in api.state().running] == ["a"]
        with api_of(agent) as api, pytest.raises(NetworkError, match=r"TLS: .*ssl\.server_verify"):
            api.state()
        with api_of(agent, tls=SSL(server_verify=authority.certificate)) as api, pytest.raises(NetworkError):
            api.state()
        with api_of(agent, tls=SSL(server_verify=False, client_cert_path=own, client_key_path=own_key)) as api:
            api.state()


JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("POST", JSON, '{"type": "GET_STATE"}', 200),
        ("POST", {"Content-Type": "application/json"}, '{"type": "GET_CONTAINERS"}', 200),
        ("GET", {}, "", 405),
        ("POST", {"Accept": "application/json"}, "{}", 400),
        ("POST", {"Content-Type": "application/json; charset=utf-8"}, "{}", 415),
        ("POST", {**JSON, "Message-Content-Type": "application/json"}, "{}", 415),
        ("POST", {**JSON, "Accept": "text/html"}, "{}", 406),
        ("POST", {**JSON, "Accept": "application/recordio"}, "{}", 406),
        ("POST", {**JSON, "Message-Accept": "application/json"}, "{}", 406),
        ("POST", JSON, "{", 400),
        ("POST", JSON, '{"type": "GET_LOST"}', 400),
        ("POST", JSON, '{"type": "UNKNOWN"}', 501),
    ],
)
def test_the_fake_agent_decides_as_a_real_one(method: str, headers: dict[str, str], body: str, status: int) -> None:
    with mesos_agent(containers=containers({})) as agent:
        assert raw(agent, method, headers, body)[0] == status


def test_the_fake_agent_compresses_for_who_wants_that() -> None:
    with mesos_agent(state=fixture("aurora")) as agent:
        status, encoding, content = raw(agent, "POST", {**JSON, "Accept-Encoding": "gzip"}, '{"type": "GET_STATE"}')

    assert (status, encoding) == (200, "gzip")
    assert json.loads(gzip.decompress(content)) == fixture("aurora")


def test_the_fake_agent_wants_to_know_who_asks_before_all_else() -> None:
    with mesos_agent(secret="a:b", recovering=5) as agent:
        assert raw(agent, "GET", {}, "")[0] == 401
        assert raw(agent, "GET", {"Authorization": agent.allowed}, "")[0] == 503


def raw(agent: FakeAgent, method: str, headers: dict[str, str], body: str) -> tuple[int, str | None, bytes]:
    """Status, encoding and content of an answer to this very request."""
    connection = http.client.HTTPConnection(agent.url.removeprefix("http://"), timeout=10)
    try:
        connection.putrequest(method, PATH, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Encoding"), response.read()
    finally:
        connection.close()
