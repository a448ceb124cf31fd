"""Proxies of the environment: a server on loopback is the proxy, and tells what it was asked."""

from __future__ import annotations

import base64
import os
import socket

import pytest

from tests.core.http_servers import client_of, says, serving
from wca_core.errors import NetworkError
from wca_core.net.proxies import is_this_machine

pytest.importorskip("urllib3")

ELSEWHERE = "http://192.0.2.1:5051"
"""An address of nobody (RFC 5737)."""


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_proxies_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(says("direct")) as server, client_of(server.url) as client:
        assert client.get("/") == "direct"


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_others_are_asked_through_the_proxy_with_its_name_and_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(says("by proxy")) as proxy, client_of(ELSEWHERE) as client:
        monkeypatch.setenv("http_proxy", f"{scheme}wca:p%40ss@{proxy.url.removeprefix('http://')}")
        assert client.get("/state") == "by proxy"

    ((path, headers, _),) = proxy.asked
    assert path == f"{ELSEWHERE}/state"
    shown = {name.lower(): value for name, value in headers.items()}
    assert shown["proxy-authorization"] == "Basic " + base64.b64encode(b"wca:p@ss").decode()


@pytest.mark.parametrize(
    "proxy", ["http://wca:hush@127.0.0.1:1", "http://wca:hush@[::1", "socks5://wca:hush@127.0.0.1"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with client_of(ELSEWHERE, timeout=1) as client, pytest.raises(NetworkError) as raised:
        client.get("/")

    assert "hush" not in str(raised.value)


def test_a_server_of_no_proxy_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "192.0.2.1")
    with serving(says("by proxy")) as proxy, client_of(ELSEWHERE, timeout=0.1) as client:
        monkeypatch.setenv("http_proxy", proxy.url)
        with pytest.raises(NetworkError):
            client.get("/")

    assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", os.uname().nodename])
def test_this_machine_has_several_names(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org", "", "999.1.1.1"])
def test_others_are_not_this_machine(host: str) -> None:
    assert not is_this_machine(host)


def test_every_address_of_this_machine_is_its_own() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]

    assert is_this_machine(own)
