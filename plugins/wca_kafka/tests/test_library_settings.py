"""What librdkafka is told, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from wca_kafka.client import check_settings
from wca_kafka.library_settings import Wishes, library_settings

from tests.certificates import Authority, needs_openssl
from wca_core.errors import ConfigurationError
from wca_core.tls import SSL


def settings(extra: dict[str, str] | None = None, **fields: Any) -> dict[str, object]:
    wishes = {
        "brokers": ["a:1", "b:2"],
        "mode": "async",
        "budget": 0.5,
        "compression": "none",
        "idempotence": False,
        "max_message_bytes": 100_000,
        "ssl": None,
    }
    return library_settings(Wishes(**{**wishes, **fields}), extra or {}, "h1")


def test_defaults_of_ours_stand_where_nothing_else_is_said() -> None:
    found = settings()

    assert found["bootstrap.servers"] == "a:1,b:2"
    assert (found["client.id"], found["linger.ms"], found["message.timeout.ms"]) == ("wca-h1", 5, 0)
    assert {"acks", "enable.idempotence", "security.protocol", "compression.type"}.isdisjoint(found)


@pytest.mark.parametrize(("budget", "milliseconds"), [(0.5, 1000), (0.1, 1000), (2.0, 4000)])
def test_a_message_of_mode_sync_lives_twice_its_time(budget: float, milliseconds: int) -> None:
    assert settings(mode="sync", budget=budget)["message.timeout.ms"] == milliseconds


@pytest.mark.parametrize(
    ("extra", "name", "value"),
    [
        ({"linger.ms": "50"}, "linger.ms", "50"),
        ({"queue.buffering.max.ms": "50"}, "linger.ms", "50"),
        ({"delivery.timeout.ms": "9000"}, "message.timeout.ms", "9000"),
        ({"client.id": "mine"}, "client.id", "mine"),
        ({"compression.codec": "lz4"}, "compression.type", "lz4"),
        ({"acks": "1"}, "acks", "1"),
        ({"ssl.cipher.suites": "HIGH"}, "ssl.cipher.suites", "HIGH"),
    ],
)
def test_defaults_yield_to_extra_config(extra: dict[str, str], name: str, value: str) -> None:
    assert settings(extra, ssl=SSL())[name] == value


@pytest.mark.parametrize(
    ("extra", "fields", "name", "value"),
    [
        ({"bootstrap.servers": "c:3"}, {}, "bootstrap.servers", "a:1,b:2"),
        ({"metadata.broker.list": "c:3"}, {}, "bootstrap.servers", "a:1,b:2"),
        ({"compression.type": "lz4"}, {"compression": "zstd"}, "compression.type", "zstd"),
        ({"acks": "1"}, {"idempotence": True}, "acks", "all"),
        ({"delivery.report.only.error": "true"}, {}, "delivery.report.only.error", False),
        ({"security.protocol": "plaintext"}, {"ssl": SSL()}, "security.protocol", "ssl"),
        ({"ssl.ca.location": "/x"}, {"ssl": SSL()}, "ssl.ca.location", "probe"),
        (
            {"enable.ssl.certificate.verification": "false"},
            {"ssl": SSL()},
            "enable.ssl.certificate.verification",
            True,
        ),
    ],
)
def test_a_field_overrides_extra_config_and_says_so(
    extra: dict[str, str],
    fields: dict[str, Any],
    name: str,
    value: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    assert settings(extra, **fields)[name] == value
    assert f"{name} is overridden by a field of KafkaStorage" in caplog.text


def test_extra_config_is_not_changed() -> None:
    extra = {"linger.ms": "50", "ssl.enabled.protocols": "TLSv1.2", "bootstrap.servers": "c:3"}
    before = dict(extra)

    settings(extra, ssl=SSL(), idempotence=True)

    assert extra == before


def test_what_the_library_does_not_know_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert "ssl.enabled.protocols" not in settings({"ssl.enabled.protocols": "TLSv1.2"})
    assert "ssl.enabled.protocols is unknown to librdkafka and ignored" in caplog.text


@pytest.mark.parametrize(
    ("extra", "protocol"),
    [
        ({}, "ssl"),
        ({"sasl.mechanisms": "PLAIN"}, "sasl_ssl"),
        ({"sasl.mechanism": "SCRAM-SHA-256"}, "sasl_ssl"),
        ({"security.protocol": "SASL_PLAINTEXT"}, "sasl_ssl"),
        ({"security.protocol": "plaintext"}, "ssl"),
    ],
)
def test_sasl_goes_through_tls_where_both_are_asked_for(extra: dict[str, str], protocol: str) -> None:
    assert settings(extra, ssl=SSL())["security.protocol"] == protocol


def test_sasl_without_tls_is_what_extra_config_says() -> None:
    found = settings({"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN"})

    assert found["security.protocol"] == "sasl_plaintext"


@pytest.mark.parametrize(
    ("ssl", "expected"),
    [
        (SSL(), {"ssl.ca.location": "probe"}),
        (SSL(server_verify="/ca.pem"), {"ssl.ca.location": "/ca.pem"}),
        (
            SSL(server_verify=False),
            {"enable.ssl.certificate.verification": False, "ssl.endpoint.identification.algorithm": "none"},
        ),
        (
            SSL(client_cert_path="/c.pem", client_key_path="/c.key"),
            {"ssl.certificate.location": "/c.pem", "ssl.key.location": "/c.key"},
        ),
        (SSL(client_cert_path="/c.pem"), {"ssl.certificate.location": "/c.pem", "ssl.key.location": "/c.pem"}),
    ],
)
def test_each_field_of_ssl_has_its_settings(
    ssl: SSL, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    found = settings(ssl=ssl)

    assert expected.items() <= found.items()
    assert ("ssl.key.location" in found) is (ssl.client_cert_path is not None)


def test_transactions_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="remove it"):
        settings({"transactional.id": "x"})


@needs_openssl
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("idempotence", [True, False])
def test_the_library_takes_every_combination(tmp_path: object, mode: str, compression: str, idempotence: bool) -> None:
    authority = Authority.made(tmp_path)  # type: ignore[arg-type]
    certificate, key = authority.sign("client")
    ssl = SSL(server_verify=authority.certificate, client_cert_path=certificate, client_key_path=key)
    sasl = {"sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p"}

    check_settings(
        settings(
            sasl, mode=mode, compression=compression, idempotence=idempotence, ssl=ssl, max_message_bytes=10_000_000
        )
    )
