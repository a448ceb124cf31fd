"""Fields are checked before anything starts, and mean what is documented."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from wca_kafka.fields import IsTopic
from wca_kafka.storage import KafkaStorage

from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.outline import outline

SECRET = "hunter2-hunter2"


def storage_of(tmp_path: Path, fields: str) -> KafkaStorage:
    file = tmp_path / "wca.yaml"
    file.write_text(
        "runner: !MeasurementRunner\n  node: !StaticNode {tasks: []}\n"
        f"  metrics_storage: !KafkaStorage {{{fields}}}\n"
    )
    storage = configured(Request(file=str(file))).runner.metrics_storage  # type: ignore[attr-defined]
    assert isinstance(storage, KafkaStorage)
    return storage


def test_a_file_of_years_ago_means_the_same(tmp_path: Path) -> None:
    storage = storage_of(
        tmp_path,
        'topic: a_topic, brokers_ips: ["10.0.0.1:9092", "[::1]:9092"], max_timeout_in_seconds: 1.5, '
        'extra_config: {"debug": "broker"}',
    )

    assert (storage.topic, storage.brokers_ips) == ("a_topic", ["10.0.0.1:9092", "[::1]:9092"])
    assert (storage.max_timeout_in_seconds, storage.extra_config) == (1.5, {"debug": "broker"})


def test_defaults_are_the_documented_ones() -> None:
    storage = KafkaStorage(topic="t")

    assert storage.brokers_ips == ["127.0.0.1:9092"]
    assert (storage.max_timeout_in_seconds, storage.total_timeout, storage.extra_config) == (0.5, None, None)
    assert (storage.mode, storage.format, storage.key, storage.compression) == ("async", "exposition", "none", "none")
    assert (storage.max_message_bytes, storage.queue_max_messages) == (100_000, 10_000)
    assert (storage.queue_max_bytes, storage.overflow, storage.idempotence) == (64 << 20, "drop_oldest", False)
    assert storage.include_timestamp is True


def test_brokers_may_be_named_and_topics_be_given_by_stream(tmp_path: Path) -> None:
    storage = storage_of(tmp_path, 'topic: {metrics: m, anomalies: a}, brokers_ips: ["kafka-1.example:9092"]')

    assert storage.topic == {"metrics": "m", "anomalies": "a"}
    assert storage.brokers_ips == ["kafka-1.example:9092"]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("brokers_ips: ['h:1']", "topic"),
        ("topic: 'a topic'", "a topic: 1 to 249 of"),
        ("topic: '..'", "a topic: 1 to 249 of"),
        (f"topic: {'x' * 250}", "a topic: 1 to 249 of"),
        ("topic: {metrics: m, logs: l}", "metrics"),
        ("topic: {}", "a topic, or a mapping"),
        ("topic: t, brokers_ips: []", "at least one HOST:PORT"),
        ("topic: t, brokers_ips: ['h:70000']", "a port from 1 to 65535"),
        ("topic: t, max_timeout_in_seconds: 5.1", "from 0 to 5"),
        ("topic: t, max_timeout_in_seconds: -1", "from 0 to 5"),
        ("topic: t, max_message_bytes: 999", "from 1000 to 10000000"),
        ("topic: t, max_message_bytes: 10000001", "from 1000 to 10000000"),
        ("topic: t, queue_max_messages: 0", "from 1 to"),
        ("topic: t, queue_max_bytes: 1", "from 1000 to"),
        (
            "topic: t, queue_max_bytes: 99999",
            "queue_max_bytes: 99999 bytes hold no message of max_message_bytes (100000)",
        ),
        ("topic: t, queue_max_bytes: 1000, max_message_bytes: 1001", "raise queue_max_bytes to 1001 or more"),
        ("topic: t, mode: later", "mode"),
        ("topic: t, format: avro", "format"),
        ("topic: t, compression: rar", "compression"),
        ("topic: t, overflow: explode", "overflow"),
        ("topic: t, key: task", "none, host, family or label:NAME"),
        ("topic: t, key: family", "needs format: exposition_per_"),
        ("topic: t, key: 'label:app'", "needs format: json_per_sample"),
        ("topic: t, extra_config: {acks: 1}", "extra_config"),
        ("topic: t, extra_config: {nonsense: x}", 'No such configuration property: "nonsense"'),
        ("topic: t, extra_config: {acks: many}", 'Invalid value for configuration property "request.required.acks"'),
        ("topic: t, extra_config: {transactional.id: x}", "makes no transactions"),
        ("topic: t, ssl: !SSL {client_cert_path: /etc/hostname}", "the Kafka library refuses its settings"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, fields: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        storage_of(tmp_path, fields)

    assert complaint in str(refused.value)


@settings(deadline=None)
@given(some.text(max_size=260))
def test_a_topic_is_what_brokers_take(text: str) -> None:
    legal = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    is_legal = 1 <= len(text) <= 249 and set(text) <= legal and text not in (".", "..")

    try:
        IsTopic().check(text)
    except ValueError:
        assert not is_legal
    else:
        assert is_legal


def test_secrets_are_neither_in_the_repr_nor_in_errors_nor_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"sasl.password": SECRET, "sasl.username": "user", "ssl.key.password": SECRET, "sasl.mechanisms": "PLAIN"}

    storage = KafkaStorage(topic="t", extra_config=secrets)
    with pytest.raises(ConfigurationError) as refused:
        KafkaStorage(topic="t", extra_config={**secrets, "acks": "many"})
    with pytest.raises(ConfigurationError) as refused_by_type:
        storage_of(tmp_path, f"topic: t, mode: x, extra_config: {{sasl.password: {SECRET}}}")

    assert SECRET not in f"{storage!r} {refused.value} {refused_by_type.value} {caplog.text}"


def test_without_the_library_the_package_is_named() -> None:
    program = (
        "import sys; sys.modules['confluent_kafka'] = None\n"
        "from wca_kafka.storage import KafkaStorage\n"
        "KafkaStorage(topic='t')"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "ConfigurationError: KafkaStorage needs the package confluent-kafka" in ended.stderr
    assert ended.stderr.rstrip().endswith("pip install confluent-kafka")


def test_the_library_is_imported_only_for_who_has_a_storage() -> None:
    program = "import sys, wca_kafka.storage; print('confluent_kafka' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"


def test_a_queue_may_hold_exactly_one_of_the_largest_messages_and_mode_sync_has_none(tmp_path: Path) -> None:
    one = storage_of(tmp_path, "topic: t, queue_max_bytes: 1000, max_message_bytes: 1000")
    none = storage_of(tmp_path, "topic: t, mode: sync, queue_max_bytes: 1000")

    assert (one.queue_max_bytes, none.queue_max_bytes) == (1000, 1000)


def test_the_key_of_messages_is_no_secret(tmp_path: Path) -> None:
    told = outline(configured(Request(plugins=("kafka",), overrides=("kafka.topic=t", "kafka.key=host"))))

    assert "key: host" in told
    with pytest.raises(ConfigurationError, match="or label:NAME expected, found 'task'"):
        storage_of(tmp_path, "topic: t, key: task")
