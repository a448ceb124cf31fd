"""Certificates of servers and of the client, as they are renewed while it runs; and versions of TLS."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import ssl
from pathlib import Path

import pytest

from tests.certificates import Authority, needs_openssl
from tests.core.http_servers import Handler, client_of, says, serving
from wca_core.errors import NetworkError
from wca_core.tls import SSL

pytest.importorskip("urllib3")
pytestmark = needs_openssl


def server_of(authority: Authority, *, asks: bool = False) -> ssl.SSLContext:
    """Its certificate is signed by this authority, and so must be that of a client if the server `asks` for one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("server"))
    if asks:
        context.load_verify_locations(authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def combined(authority: Authority, name: str) -> Path:
    """Certificate and key of a client in one file."""
    certificate, key = map(Path, authority.sign(name))
    certificate.write_text(key.read_text() + certificate.read_text())
    return certificate


def who(handler: Handler) -> None:
    certificate = handler.connection.getpeercert()  # type: ignore[attr-defined]
    handler.give(json.dumps(dict(part[0] for part in certificate["subject"])["commonName"]).encode())


def test_certificates_are_shown_and_renewed_ones_are_used(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    shown = combined(authority, "first")
    tls = SSL(server_verify=authority.certificate, client_cert_path=str(shown))
    with serving(who, tls=server_of(authority, asks=True)) as server:
        with client_of(server.url, tls=tls) as client:
            first = [client.get("/"), client.get("/")]
            assert server.connections == 1
            os.replace(combined(authority, "second"), shown)
            second = client.get("/")
        with client_of(server.url, timeout=5) as client, pytest.raises(NetworkError, match=r"ssl\.server_verify"):
            client.get("/")

        with client_of(server.url, tls=SSL(server_verify=False, client_cert_path=str(shown))) as client:
            assert client.get("/") == "second"

    assert first == ["first", "first"]
    assert second == "second"


def test_a_renewed_authority_is_trusted_and_the_one_before_no_more(tmp_path: Path) -> None:
    old, new = Authority.made(tmp_path / "old"), Authority.made(tmp_path / "new")
    trusted = tmp_path / "trusted.pem"
    shutil.copy(old.certificate, trusted)
    with (
        serving(says("old"), tls=server_of(old)) as before,
        serving(says("new"), tls=server_of(new)) as after,
        client_of(before.url, tls=SSL(server_verify=str(trusted))) as first,
        client_of(after.url, tls=SSL(server_verify=str(trusted))) as second,
    ):
        assert first.get("/") == "old"
        with pytest.raises(NetworkError, match="TLS: "):
            second.get("/")

        shutil.copy(new.certificate, tmp_path / "next.pem")
        os.replace(tmp_path / "next.pem", trusted)

        assert second.get("/") == "new"
        with pytest.raises(NetworkError, match="TLS: "):
            first.get("/")


def test_while_certificates_are_renewed_those_read_before_stay_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority.made(tmp_path)
    certificate, key = authority.sign("first")
    tls = SSL(server_verify=authority.certificate, client_cert_path=certificate, client_key_path=key)
    with (
        serving(who, tls=server_of(authority, asks=True)) as server,
        client_of(server.url, tls=tls) as client,
    ):
        answers = [client.get("/")]
        new_certificate, new_key = authority.sign("second")
        os.replace(new_certificate, certificate)
        answers += [client.get("/"), client.get("/")]
        os.unlink(key)
        answers.append(client.get("/"))
        os.replace(new_key, key)
        answers.append(client.get("/"))

    assert answers == ["first"] * 4 + ["second"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "the certificates read before stay in use" in caplog.text


def test_without_usable_certificates_there_is_an_error_with_their_paths(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    (tmp_path / "nonsense").write_text("nonsense")
    with (
        serving(says(1), tls=server_of(authority)) as server,
        client_of(server.url, tls=SSL(server_verify=f"{tmp_path}/nonsense")) as client,
        pytest.raises(NetworkError, match=rf"{tmp_path}/nonsense cannot be used"),
    ):
        client.get("/")

    assert server.asked == []


@pytest.mark.parametrize("trusting", [True, False, None])
def test_a_server_that_speaks_only_tls_before_1_2_is_refused(tmp_path: Path, trusting: bool | None) -> None:
    authority = Authority.made(tmp_path)
    old = server_of(authority)
    allow_old_versions(old)
    tls = {True: SSL(server_verify=authority.certificate), False: SSL(server_verify=False), None: None}[trusting]
    with serving(says("old"), tls=old) as server:
        if not speaks_to_old_clients(server.server_address[1]):
            pytest.skip("the OpenSSL of this machine does not speak TLS before 1.2 at all")

        with (
            client_of(server.url, tls=tls) as client,
            pytest.raises(NetworkError, match=r"TLS: .*(?i:version|protocol)"),
        ):
            client.get("/")

    assert server.asked == []


def allow_old_versions(context: ssl.SSLContext) -> None:
    """And no newer ones. Python warns of them, which is the point."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1


def speaks_to_old_clients(port: int) -> bool:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    allow_old_versions(client)
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as plain, client.wrap_socket(plain) as secure:
            return secure.version() in ("TLSv1", "TLSv1.1")
    except OSError:
        return False


def test_a_server_of_another_name_is_refused_unless_nothing_is_verified(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    with serving(says(1), tls=server_of(authority), address="127.0.0.2") as server:
        for tls in (SSL(server_verify=authority.certificate), SSL()):
            with client_of(server.url, tls=tls) as client, pytest.raises(NetworkError, match=r"TLS: .*verif"):
                client.get("/")
        with client_of(server.url, tls=SSL(server_verify=False)) as client:
            assert client.get("/") == 1
