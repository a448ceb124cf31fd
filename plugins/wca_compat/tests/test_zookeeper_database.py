"""Values in ZooKeeper: a real one where there is one, and a stand-in everywhere."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wca.databases import InvalidKey, TimeoutOnAllHosts, ZookeeperDatabase
from wca.security import SSL

from plugins.wca_compat.tests.zookeeper_servers import free_port, lacks, real_server, stand_in
from tests.certificates import Authority, needs_openssl
from wca_core.errors import ConfigurationError, NetworkError

pytest.importorskip("kazoo", reason="kazoo is not installed (pip install wca-compat[zookeeper])")

KEYS = st.from_regex(rb"[A-Za-z0-9_.-]{1,255}", fullmatch=True)


@pytest.fixture(scope="module", params=["stand-in", "real"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "stand-in":
        with stand_in() as server:
            yield server.host
    elif lacks():
        pytest.skip(str(lacks()))
    else:
        with real_server(tmp_path_factory.mktemp("zookeeper")) as found:
            yield found


@settings(max_examples=10)
@given(st.dictionaries(KEYS, st.binary(max_size=200), max_size=3))
def test_every_value_comes_back_whole_under_its_own_key(host: str, values: dict[bytes, bytes]) -> None:
    database = ZookeeperDatabase([host], "model_distribution")

    for key, value in values.items():
        database.set(key, value)

    assert {key: database.get(key) for key in values} == values


def test_a_missing_key_is_none_and_an_empty_value_is_one(host: str) -> None:
    database = ZookeeperDatabase([host], "/deep/er/")

    assert database.get(b"empty") is None
    database.set(b"empty", b"1")
    database.set(b"empty", b"")

    assert database.get(b"empty") == b""
    assert database.get(b"missing") is None


def test_the_names_that_no_node_has_are_keys_as_any_others(host: str) -> None:
    database = ZookeeperDatabase([host], "dots")

    for key in (b".", b"..", b"..."):
        database.set(key, b"of " + key)

    assert [database.get(key) for key in (b".", b"..", b"...")] == [b"of .", b"of ..", b"of ..."]


def test_a_server_that_is_away_is_passed_over(host: str) -> None:
    away = f"127.0.0.1:{free_port()}"

    ZookeeperDatabase([away, host], "models", 1).set(b"x", b"1")

    assert ZookeeperDatabase([host, away], "models", 1).get(b"x") == b"1"


def test_no_thread_is_left_behind(host: str) -> None:
    before = set(threading.enumerate())

    ZookeeperDatabase([host], "models").set(b"x", b"1")

    assert [one.name for one in set(threading.enumerate()) - before if "process_request" not in one.name] == []


def test_where_nobody_answers_all_servers_are_named() -> None:
    hosts = [f"127.0.0.1:{free_port()}", f"localhost:{free_port()}"]

    with pytest.raises(TimeoutOnAllHosts, match="no server answered in 3 s") as raised:
        ZookeeperDatabase(hosts, "models", 1).get(b"x")

    assert ",".join(hosts) in str(raised.value)
    assert "Connection refused" in str(raised.value)


def test_a_value_that_a_server_does_not_take_is_told_with_its_size(host: str) -> None:
    database = ZookeeperDatabase([host], "models", 1)

    with pytest.raises(TimeoutOnAllHosts, match="2097152 bytes, servers take 1 MiB unless told otherwise"):
        database.set(b"large", bytes(2 << 20))


def test_a_server_that_says_nothing_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, stand_in() as good:
        database = ZookeeperDatabase([f"127.0.0.1:{silent.getsockname()[1]}", good.host], "models", 1)

        database.set(b"x", b"1")

        assert database.get(b"x") == b"1"


def test_a_refusal_is_told_as_such() -> None:
    with stand_in() as server:
        server.refusal = -102  # no authorization

        with pytest.raises(NetworkError, match="NoAuthError"):
            ZookeeperDatabase([server.host], "models", 1).get(b"x")


def test_each_key_is_a_node_below_the_namespace() -> None:
    with stand_in() as server:
        ZookeeperDatabase([server.host], "a/b").set(b"x", b"1")
        ZookeeperDatabase([server.host], "a/b").set(b"..", b"2")

        assert server.nodes == {"/": b"", "/a": b"", "/a/b": b"", "/a/b/x": b"1", "/a/b/%2E%2E": b"2"}


@needs_openssl
def test_tls_is_as_everywhere_the_name_in_the_certificate_counts(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    certificate, key = authority.sign("client")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.load_cert_chain(*authority.sign("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which Python 3.13 sets: the certificates of tests are simple
    trusted = SSL(server_verify=authority.certificate, client_cert_path=certificate, client_key_path=key)

    with stand_in(context) as server:
        ZookeeperDatabase([server.host], "models", ssl=trusted).set(b"x", b"1")

        assert server.nodes["/models/x"] == b"1"
        with pytest.raises(TimeoutOnAllHosts, match="CERTIFICATE_VERIFY_FAILED"):
            ZookeeperDatabase([server.host], "models", 1, SSL()).get(b"x")
        with pytest.raises(TimeoutOnAllHosts):
            ZookeeperDatabase([server.host], "models", 1).get(b"x")


@pytest.mark.parametrize("key", [b"", b"a/b", b"x" * 256, "text"])
def test_what_is_no_key_is_refused_before_anybody_is_asked(key: Any) -> None:
    with stand_in() as server:
        with pytest.raises(InvalidKey):
            ZookeeperDatabase([server.host], "models").set(key, b"")

        assert server.sessions == 0


@pytest.mark.parametrize("namespace", ["", "/", "a//b", "..", "a/./b"])
def test_what_can_be_no_node_is_refused_at_load(namespace: str) -> None:
    with pytest.raises(ConfigurationError, match="namespace"):
        ZookeeperDatabase(["127.0.0.1"], namespace)
