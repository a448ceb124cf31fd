"""TLS with client certificates: a proxy in front of the broker lets in who has one of its authority."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from wca_kafka.storage import KafkaStorage

from plugins.wca_kafka.tests.given import all_confirmed, broker, count, samples, started, tls_proxy, told, wait_until
from tests.certificates import Authority, needs_openssl
from wca_core.host import Host
from wca_core.tls import SSL

pytestmark = needs_openssl


@dataclass(frozen=True)
class Secured:
    """A broker behind a proxy."""

    direct: list[str]
    server: str
    authority: Authority

    @property
    def folder(self) -> Path:
        return self.authority.folder

    def storage(self, topic: str, **fields: object) -> KafkaStorage:
        return KafkaStorage(topic=topic, brokers_ips=[self.server], ssl=SSL(**fields))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    authority = Authority.made(tmp_path_factory.mktemp("certificates"))
    certificate, key = authority.sign("client")
    (authority.folder / "both.pem").write_text(Path(certificate).read_text() + Path(key).read_text())
    with broker() as cluster, tls_proxy(authority, cluster.port) as server:
        yield Secured(cluster.servers, server, authority)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path / "stranger")


def is_delivered(storage: KafkaStorage) -> bool:
    with started(storage):
        storage.store(samples(3), "metrics")
        try:
            all_confirmed(storage, 1)
        except AssertionError:
            return False
        return True


def is_told_why_not(storage: KafkaStorage, caplog: pytest.LogCaptureFixture) -> bool:
    storage.start(Host(name="h1"))
    try:
        storage.store(samples(3), "metrics")
        wait_until(lambda: "(_SSL)" in caplog.text or "_ALL_BROKERS_DOWN" in caplog.text)
        return told(storage)["messages_delivered"] == 0
    finally:
        storage.stop()


def test_a_certificate_and_its_key_let_in(secured: Secured) -> None:
    fields = {"client_cert_path": f"{secured.folder}/client.pem", "client_key_path": f"{secured.folder}/client.key"}
    storage = secured.storage("separate", server_verify=secured.authority.certificate, **fields)

    assert is_delivered(storage)
    assert count(secured.direct, "separate")["samples"] == 3


def test_one_file_with_both_lets_in(secured: Secured) -> None:
    both = f"{secured.folder}/both.pem"

    assert is_delivered(secured.storage("both", server_verify=secured.authority.certificate, client_cert_path=both))


def test_the_authorities_of_the_machine_are_believed(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", secured.authority.certificate)

    assert is_delivered(secured.storage("machine", client_cert_path=f"{secured.folder}/both.pem"))


def test_nobody_is_asked_for_a_proof_if_that_is_wanted(secured: Secured, caplog: pytest.LogCaptureFixture) -> None:
    storage = secured.storage("unverified", server_verify=False, client_cert_path=f"{secured.folder}/both.pem")

    assert is_delivered(storage)
    assert "whoever answers is believed" in caplog.text


def test_a_server_of_a_stranger_is_not_believed(
    secured: Secured, stranger: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    storage = secured.storage(
        "stranger", server_verify=stranger.certificate, client_cert_path=f"{secured.folder}/both.pem"
    )

    assert is_told_why_not(storage, caplog)
    assert "certificate verify failed" in caplog.text


def test_a_client_without_a_certificate_is_not_let_in(secured: Secured, caplog: pytest.LogCaptureFixture) -> None:
    storage = secured.storage("nobody", server_verify=secured.authority.certificate)

    assert is_told_why_not(storage, caplog)


def test_a_renewed_certificate_is_used_after_a_reload(
    secured: Secured, stranger: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = stranger.sign("client")
    mine = tmp_path / "mine.pem"
    mine.write_text(Path(certificate).read_text() + Path(key).read_text())
    storage = secured.storage("renewed", server_verify=secured.authority.certificate, client_cert_path=str(mine))

    with started(storage):
        wait_until(lambda: "_ALL_BROKERS_DOWN" in caplog.text)
        shutil.copy(secured.folder / "both.pem", f"{mine}.new")
        os.replace(f"{mine}.new", mine)
        storage.reload()
        storage.store(samples(5), "metrics")
        all_confirmed(storage, 1)

    assert count(secured.direct, "renewed")["samples"] == 5
