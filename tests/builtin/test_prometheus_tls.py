"""TLS: certificates of the server and of clients, made by openssl."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.asking import asked
from tests.certificates import Authority, needs_openssl
from tests.prometheus_storage import serving
from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.errors import ConfigurationError, StartError


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> tuple[str, str]:
    return authority.sign("server")


@needs_openssl
def test_with_a_certificate_it_speaks_tls_only(tmp_path: Path, authority: Authority, server: tuple[str, str]) -> None:
    with serving(tmp_path, cert_path=server[0], key_path=server[1]) as storage:
        secure = asked(storage.url, "/metrics", tls=authority.client())
        plain = said_in_plain(storage.url)

    assert (secure.status, secure.text.endswith(" 1\n")) == (200, True)
    assert not plain.startswith(b"HTTP")


@needs_openssl
def test_tls_older_than_1_2_is_refused(tmp_path: Path, authority: Authority, server: tuple[str, str]) -> None:
    versions = []
    with serving(tmp_path, cert_path=server[0], key_path=server[1]) as storage:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = authority.client()
            client.minimum_version = client.maximum_version = version
            versions.append(version_spoken(storage.url, client))
        old = authority.client()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1

        with pytest.raises(ssl.SSLError):
            version_spoken(storage.url, old)

    assert versions == ["TLSv1.2", "TLSv1.3"]


@needs_openssl
def test_only_clients_with_a_certificate_of_the_authority_are_let_in(
    tmp_path: Path, authority: Authority, server: tuple[str, str]
) -> None:
    stranger = Authority.made(tmp_path / "stranger").sign("client")
    fields = {"cert_path": server[0], "key_path": server[1], "client_ca_path": authority.certificate}
    with serving(tmp_path, **fields) as storage:
        known = asked(storage.url, "/metrics", tls=authority.client(*authority.sign("client")))
        for shown in ((None, None), stranger):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                asked(storage.url, "/metrics", tls=authority.client(*shown))
        again = asked(storage.url, "/metrics", tls=authority.client(*authority.sign("client")))

    assert (known.status, again.status) == (200, 200)


@needs_openssl
def test_renewed_certificates_are_used_for_the_next_client(tmp_path: Path, authority: Authority) -> None:
    certificate, key = copied(authority.sign("first"), tmp_path)
    with serving(tmp_path, cert_path=certificate, key_path=key) as storage:
        before = subject(storage.url, authority)
        copied(authority.sign("second"), tmp_path)
        storage.reload()
        after = subject(storage.url, authority)

    assert (before, after) == ("first", "second")


@needs_openssl
def test_a_certificate_without_its_key_leaves_those_before_in_force(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = copied(authority.sign("first"), tmp_path)
    with serving(tmp_path, cert_path=certificate, key_path=key) as storage:
        second = authority.sign("second")
        shutil.copy(second[0], certificate)
        between = subject(storage.url, authority)
        shutil.copy(second[1], key)
        after = subject(storage.url, authority)

    assert (between, after) == ("first", "second")
    assert caplog.text.count("those before stay in force") == 1


@needs_openssl
def test_a_client_that_stalls_in_the_handshake_keeps_nobody_waiting(
    tmp_path: Path, authority: Authority, server: tuple[str, str]
) -> None:
    with serving(tmp_path, cert_path=server[0], key_path=server[1]) as storage:
        stalling = [socket.create_connection(("127.0.0.1", urlsplit(storage.url).port or 0)) for _ in range(3)]
        reply = asked(storage.url, "/metrics", tls=authority.client())

    assert reply.status == 200
    assert [client.recv(1) for client in stalling] == [b""] * 3
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("prometheus")] == []
    for client in stalling:
        client.close()


@needs_openssl
def test_files_that_are_no_certificates_are_told_at_the_start(tmp_path: Path, server: tuple[str, str]) -> None:
    with pytest.raises(StartError, match=f"{server[1]}, {server[0]} cannot be used for TLS: "):
        serving(tmp_path, cert_path=server[1], key_path=server[0]).__enter__()


@pytest.mark.parametrize("field", ["key_path", "client_ca_path"])
def test_a_key_without_a_certificate_is_a_configuration_error(field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{field} needs cert_path"):
        PrometheusStorage(**{field: "/dev/null"})  # type: ignore[arg-type]


def said_in_plain(url: str) -> bytes:
    """What a server of TLS says to who does not speak it."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=30) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            return client.recv(100)
    return b""


def version_spoken(url: str, client: ssl.SSLContext) -> str | None:
    with secured(url, client) as secure:
        return secure.version()


def subject(url: str, authority: Authority) -> str:
    """The name in the certificate that a server shows."""
    with secured(url, authority.client()) as secure:
        found = secure.getpeercert() or {}
        return dict(pair[0] for pair in found["subject"])["commonName"]  # type: ignore[misc]


def secured(url: str, client: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=30)
    try:
        return client.wrap_socket(plain, server_hostname="localhost")
    except OSError:
        plain.close()
        raise


def copied(pair: tuple[str, str], folder: Path) -> tuple[str, str]:
    """A certificate and its key in places that stay the same."""
    places = str(folder / "tls.pem"), str(folder / "tls.key")
    for source, place in zip(pair, places, strict=True):
        shutil.copy(source, place)
    return places
