"""From the fields of the storage to the settings of librdkafka.

| what | from | against `extra_config` |
|---|---|---|
| a default of ours (`message.timeout.ms`, `client.id`, `linger.ms`) | `defaults` | yields to it |
| what a field says (`brokers_ips`, `ssl`, `idempotence`, ...) | `demands` | overrides it, with a warning |

Source: CONFIGURATION.md of librdkafka.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from wca_core.errors import ConfigurationError
from wca_core.tls import SSL
from wca_kafka.fields import Compression, Mode

log = logging.getLogger("wca.kafka")

ALIASES = {
    "metadata.broker.list": "bootstrap.servers",
    "delivery.timeout.ms": "message.timeout.ms",
    "compression.codec": "compression.type",
    "queue.buffering.max.ms": "linger.ms",
    "request.required.acks": "acks",
    "sasl.mechanism": "sasl.mechanisms",
}
"""Other names of the library for the same."""

CIPHERS = "TLSv1.2:!aNULL:!eNULL"
"""Those that TLS 1.2 brought; those of TLS 1.3 are always there, older versions have none of them."""

LIBRARY_LIMIT = 1_000_000
"""Bytes of a message that the library takes by itself (`message.max.bytes`)."""

ROOM_FOR_HEADERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The fields that the library has to know."""

    brokers: list[str]
    mode: Mode
    budget: float
    compression: Compression
    idempotence: bool
    max_message_bytes: int
    ssl: SSL | None


def library_settings(wishes: Wishes, extra: Mapping[str, str], host: str) -> dict[str, object]:
    """All settings; `extra` is not changed. Raises `ConfigurationError` for what would break the storage."""
    given = {ALIASES.get(name, name): value for name, value in extra.items()}
    if "transactional.id" in given:
        raise ConfigurationError("extra_config: transactional.id: KafkaStorage makes no transactions; remove it")
    if given.pop("ssl.enabled.protocols", None) is not None:
        log.warning(
            "extra_config: ssl.enabled.protocols is unknown to librdkafka and ignored; TLS 1.2 or newer is used"
        )
    demands = {**_demands(wishes), **_tls(wishes.ssl, given)}
    for name in sorted(given.keys() & demands.keys()):
        if given[name] != demands[name]:
            log.warning("extra_config: %s is overridden by a field of KafkaStorage", name)
    return {**_defaults(wishes, host), **given, **demands}


def _defaults(wishes: Wishes, host: str) -> dict[str, object]:
    """`message.timeout.ms`: in mode `async` the bounds of the queue say what is given up, not a time (0: none)."""
    timeout = max(1000, int(2000 * wishes.budget)) if wishes.mode == "sync" else 0
    linger = {"linger.ms": 5} if wishes.mode == "async" else {"linger.ms": 0}
    largest = max(LIBRARY_LIMIT, wishes.max_message_bytes + ROOM_FOR_HEADERS)
    ciphers = {"ssl.cipher.suites": CIPHERS} if wishes.ssl is not None else {}
    limits = {"message.timeout.ms": timeout, "message.max.bytes": largest}
    return {"client.id": f"wca-{host}", "log.connection.close": False, **limits, **linger, **ciphers}


def _demands(wishes: Wishes) -> dict[str, object]:
    demands: dict[str, object] = {"bootstrap.servers": ",".join(wishes.brokers), "delivery.report.only.error": False}
    if wishes.compression != "none":
        demands["compression.type"] = wishes.compression
    if wishes.idempotence:
        demands |= {"enable.idempotence": True, "acks": "all"}
    return demands


def _tls(ssl: SSL | None, given: Mapping[str, str]) -> dict[str, object]:
    if ssl is None:
        return {}
    uses_sasl = "sasl.mechanisms" in given or given.get("security.protocol", "").lower().startswith("sasl")
    settings: dict[str, object] = {"security.protocol": "sasl_ssl" if uses_sasl else "ssl"}
    if ssl.server_verify is False:
        settings |= {"enable.ssl.certificate.verification": False, "ssl.endpoint.identification.algorithm": "none"}
    else:
        authorities = os.environ.get("SSL_CERT_FILE") or "probe" if ssl.server_verify is True else ssl.server_verify
        settings |= {"enable.ssl.certificate.verification": True, "ssl.ca.location": authorities}
    if ssl.client_cert_path is not None:
        settings["ssl.certificate.location"] = ssl.client_cert_path
        settings["ssl.key.location"] = ssl.client_key_path or ssl.client_cert_path
    return settings
