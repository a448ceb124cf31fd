"""Values in etcd: a real one where it is installed, and servers that behave as servers sometimes do."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wca.databases import EtcdDatabase, InvalidKey, TimeoutOnAllHosts
from wca.security import SSL

from tests.certificates import Authority, needs_openssl
from tests.core.http_servers import fails, says, serving
from wca_core.errors import ConfigurationError, HttpStatusError

needs_etcd = pytest.mark.skipif(shutil.which("etcd") is None, reason="etcd is not installed (etcd-server)")
KEYS = st.from_regex(rb"[A-Za-z0-9_.-]{1,255}", fullmatch=True)
HEADER = {"header": {"cluster_id": "1", "revision": "3"}}


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_etcd(tmp_path_factory.mktemp("etcd")) as url:
        yield url


@needs_etcd
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(KEYS, st.binary(max_size=200), max_size=3))
def test_every_value_comes_back_whole_under_its_own_key(etcd: str, values: dict[bytes, bytes]) -> None:
    database = EtcdDatabase([etcd])

    for key, value in values.items():
        database.set(key, value)

    assert {key: database.get(key) for key in values} == values


@needs_etcd
def test_a_missing_key_is_none_and_an_empty_value_is_one(etcd: str) -> None:
    database = EtcdDatabase([etcd])

    database.set(b"empty", b"")

    assert database.get(b"missing") is None
    assert database.get(b"empty") == b""


@needs_etcd
def test_a_model_of_a_megabyte_is_kept_whole(etcd: str) -> None:
    model = bytes(range(256)) * 4000

    EtcdDatabase([etcd]).set(b"model", model)

    assert EtcdDatabase([etcd]).get(b"model") == model


@needs_etcd
def test_a_server_that_is_away_is_passed_over(etcd: str) -> None:
    away = f"127.0.0.1:{free_port()}"

    EtcdDatabase([away, etcd]).set(b"x", b"1")

    assert EtcdDatabase([etcd.removeprefix("http://"), away]).get(b"x") == b"1"


@needs_etcd
@pytest.mark.parametrize("api_path", ["/v3", "v3/", None])
def test_the_path_may_be_spelled_as_one_likes(etcd: str, api_path: str | None) -> None:
    EtcdDatabase([etcd], 5, api_path).set(b"y", b"2")

    assert EtcdDatabase([etcd], api_path=api_path).get(b"y") == b"2"


@needs_etcd
def test_a_path_that_this_etcd_does_not_serve_fails_at_once_with_the_ones_to_try(etcd: str) -> None:
    with pytest.raises(HttpStatusError, match=r"/v3 since etcd 3.4"):
        EtcdDatabase([etcd], api_path="/v9").get(b"x")


@needs_etcd
@needs_openssl
def test_an_etcd_that_wants_certificates_is_shown_one(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "certificates")
    certificate, key = authority.sign("client")
    with running_etcd(tmp_path, authority) as url:
        trusted = SSL(server_verify=authority.certificate, client_cert_path=certificate, client_key_path=key)
        database = EtcdDatabase([url.removeprefix("https://")], ssl=trusted)

        database.set(b"x", b"1")

        assert database.get(b"x") == b"1"
        with pytest.raises(TimeoutOnAllHosts, match="TLS"):
            EtcdDatabase([url], timeout=1, ssl=SSL()).get(b"x")


def test_a_refusal_is_told_at_once_and_nobody_else_is_asked() -> None:
    with serving(fails(400)) as refusing, serving(says(HEADER)) as other:
        with pytest.raises(HttpStatusError) as raised:
            EtcdDatabase([refusing.url, other.url]).set(b"x", b"1")

        assert raised.value.status == 400
        assert other.asked == []


@pytest.mark.parametrize(
    "trouble", [fails(503), fails(500), says([]), says({}), lambda handler: handler.give(b"<html>")]
)
def test_a_server_with_troubles_of_its_own_is_passed_over(trouble: Any) -> None:
    with serving(trouble) as broken, serving(says({**HEADER, "kvs": [{"key": "eA==", "value": "MQ=="}]})) as good:
        assert EtcdDatabase([broken.url, good.url]).get(b"x") == b"1"


def test_a_server_that_never_answers_is_passed_over_when_its_time_is_up() -> None:
    with silent_server() as silent, serving(says(HEADER)) as good:
        assert EtcdDatabase([silent, good.url], timeout=1).get(b"x") is None
        with pytest.raises(TimeoutOnAllHosts, match="none of 2 servers answered"):
            EtcdDatabase([silent, silent], timeout=1).get(b"x")


def test_what_is_asked_is_what_etcd_documents() -> None:
    with serving(says(HEADER)) as server:
        EtcdDatabase([server.url], api_path="/v3beta").set(b"x", b"\x00\xff")
        EtcdDatabase([server.url], api_path="/v3alpha").get(b"x")

        (put, _, put_body), (get, _, get_body) = server.asked

    assert (put, get) == ("/v3beta/kv/put", "/v3alpha/kv/range")
    assert put_body == b'{"key": "%s", "value": "%s"}' % (base64.b64encode(b"x"), base64.b64encode(b"\x00\xff"))
    assert get_body == b'{"key": "%s"}' % base64.b64encode(b"x")


@pytest.mark.parametrize("entries", [[{"value": "no base64!"}], [{"value": 1}], [1], [{}, {}], {"a": 1}, "kvs"])
def test_a_value_that_etcd_would_not_send_is_an_error_of_that_server(entries: object) -> None:
    with serving(says({**HEADER, "kvs": entries})) as server, pytest.raises(TimeoutOnAllHosts, match="base64"):
        EtcdDatabase([server.url]).get(b"x")


@pytest.mark.parametrize("key", [b"", b"a/b", b"x" * 256, "text"])
def test_what_is_no_key_is_refused_before_anybody_is_asked(key: object) -> None:
    with serving(says(HEADER)) as server:
        with pytest.raises(InvalidKey):
            EtcdDatabase([server.url]).get(key)  # type: ignore[arg-type]

        assert server.asked == []


@pytest.mark.parametrize("hosts", [[], "127.0.0.1:2379"])
def test_no_list_of_servers_is_refused_at_load(hosts: Any) -> None:
    with pytest.raises(ConfigurationError, match="a list of at least one server expected"):
        EtcdDatabase(hosts)


@contextmanager
def running_etcd(folder: Path, authority: Authority | None = None) -> Iterator[str]:
    """An etcd of its own on loopback; with client certificates if there is an authority. Ended with the block."""
    scheme = "http" if authority is None else "https"
    url, peer = (f"{one}://127.0.0.1:{free_port()}" for one in (scheme, "http"))
    command = ["etcd", "--data-dir", f"{folder}/data", "--name", "one", "--log-level", "error"]
    command += ["--listen-client-urls", url, "--advertise-client-urls", url]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}"]
    context = None
    if authority is not None:
        certificate, key = authority.sign("server")
        command += ["--cert-file", certificate, "--key-file", key]
        command += ["--trusted-ca-file", authority.certificate, "--client-cert-auth"]
        context = authority.client(*authority.sign("looker"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which Python 3.13 sets: the certificates of tests are simple
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(url, context)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str, context: ssl.SSLContext | None) -> None:
    from urllib.request import urlopen

    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            urlopen(f"{url}/health", timeout=5, context=context).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} never became healthy")


@contextmanager
def silent_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
