"""What messages carry besides samples."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from wca_kafka.storage import KafkaStorage

from plugins.wca_kafka.tests.given import LOAD, Broker, broker, consumed, samples, started, told, wait_until
from wca_core import __version__
from wca_core.builtin.filter_storage import FilterStorage
from wca_core.errors import InconvertibleToPrometheusExpositionFormat, WcaError
from wca_core.model.metric import Samples
from wca_core.testing import GivenTasks, Machine, check_plugin, running


@pytest.fixture(scope="module")
def cluster() -> Iterator[Broker]:
    with broker() as running_broker:
        yield running_broker


def sequences(messages: list[dict[str, dict[str, str]]]) -> list[int]:
    return sorted(int(message["headers"]["sequence"]) for message in messages)


def test_headers_tell_where_a_message_belongs(cluster: Broker) -> None:
    storage = KafkaStorage(topic="headers", brokers_ips=cluster.servers, max_message_bytes=1000)

    with started(storage):
        storage.store(samples(30), "anomalies")

    messages = consumed(cluster.servers, "headers")
    parts = {message["headers"]["part"] for message in messages}
    common = {name: messages[0]["headers"][name] for name in ("content-type", "wca-version", "host", "stream", "parts")}
    assert parts == {str(part) for part in range(1, len(messages) + 1)}
    assert len({(message["headers"]["start"], message["headers"]["batch"]) for message in messages}) == 1
    assert common == {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
        "wca-version": __version__,
        "host": "h1",
        "stream": "anomalies",
        "parts": str(len(messages)),
    }


def test_the_sequence_grows_over_steps_and_topics_without_a_gap(cluster: Broker) -> None:
    topics = {"metrics": "sequence-m", "anomalies": "sequence-a"}
    storage = KafkaStorage(topic=topics, brokers_ips=cluster.servers)

    with started(storage):
        for _ in range(5):
            storage.store(samples(1), "metrics")
            storage.store(samples(1), "anomalies")
            storage.store(samples(1), "allocations")  # has no topic

    assert sequences(consumed(cluster.servers, *topics.values())) == list(range(10))


def test_a_restart_is_told_apart_by_the_header_start(cluster: Broker) -> None:
    for _ in range(2):
        with started(KafkaStorage(topic="restart", brokers_ips=cluster.servers)) as storage:
            storage.store(samples(1), "metrics")

    messages = consumed(cluster.servers, "restart")

    assert [message["headers"]["sequence"] for message in messages] == ["0", "0"]
    assert len({message["headers"]["start"] for message in messages}) == 2


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({}, {None}),
        ({"key": "host"}, {"h1"}),
        ({"key": "family", "format": "exposition_per_family"}, {"task_cpu_usage_seconds", "task_load"}),
        ({"key": "none", "format": "exposition_per_family"}, {None}),
        ({"key": "label:number", "format": "json_per_sample"}, {"0", "1", "2"}),
        ({"key": "label:app", "format": "json_per_sample"}, {None}),
    ],
)
def test_keys_are_those_of_the_field(cluster: Broker, fields: dict[str, str], keys: set[str | None]) -> None:
    topic = "-".join(["keys", *fields.values()]).replace(":", "-")
    storage = KafkaStorage(topic=topic, brokers_ips=cluster.servers, **fields)  # type: ignore[arg-type]
    step = Samples.of([*samples(3), LOAD.sample(0.5, number="0")])

    with started(storage):
        storage.store(step, "metrics")

    assert {message["key"] for message in consumed(cluster.servers, topic)} == keys


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_messages_can_be_read(cluster: Broker, compression: str) -> None:
    storage = KafkaStorage(topic=compression, brokers_ips=cluster.servers, compression=compression)  # type: ignore[arg-type]

    with started(storage):
        storage.store(samples(100), "metrics")

    [message] = consumed(cluster.servers, compression)
    assert message["value"].count("\n") == 102


def test_the_time_of_a_step_is_that_of_its_messages(cluster: Broker, tmp_path: object) -> None:
    storage = KafkaStorage(topic="time", brokers_ips=cluster.servers, format="json", max_message_bytes=1000)

    with started(storage):
        storage.store(samples(30), "metrics")

    times = {(one["timestamp"], json.loads(one["value"])["timestamp_ms"]) for one in consumed(cluster.servers, "time")}
    assert len(times) == 1
    assert len(set(times.pop())) == 1


def test_a_storage_in_two_roles_is_one_producer(cluster: Broker, tmp_path: object) -> None:
    storage = KafkaStorage(topic="roles", brokers_ips=cluster.servers)

    with started(storage):
        storage.store(samples(1), "metrics")
        storage.store(samples(2), "anomalies")
        storage.store(samples(3), "metrics")

    messages = consumed(cluster.servers, "roles")
    assert sequences(messages) == [0, 1, 2]
    assert len({message["headers"]["start"] for message in messages}) == 1


def test_a_filter_starts_and_fills_what_it_contains(cluster: Broker, tmp_path: object) -> None:
    machine = Machine(tmp_path)  # type: ignore[arg-type]
    storage = KafkaStorage(topic="filtered", brokers_ips=cluster.servers)
    filtering = FilterStorage(storages=[storage], filter=["wca_tasks"])

    with running(machine, [GivenTasks(), filtering]) as agent:
        agent.step()
        agent.step()

    values = [message["value"] for message in consumed(cluster.servers, "filtered")]
    assert [value.count("\nwca_tasks{") for value in values] == [1, 1]


def test_the_agent_is_told_what_became_of_messages(cluster: Broker, tmp_path: object) -> None:
    machine = Machine(tmp_path)  # type: ignore[arg-type]
    storage = KafkaStorage(topic={"metrics": "told"}, brokers_ips=cluster.servers)

    with running(machine, [storage]) as agent:
        step = agent.step()

    zero = {sample.name: sample.value for sample in step.samples if sample.name.startswith("wca_kafka")}
    assert zero["wca_kafka_messages_produced"] == 0
    assert zero["wca_kafka_backpressure"] == 0


def test_nothing_is_sent_of_an_empty_step(cluster: Broker) -> None:
    with started(KafkaStorage(topic="empty", brokers_ips=cluster.servers)) as storage:
        storage.store(Samples(), "metrics")

        assert told(storage)["messages_produced"] == 0


def test_a_value_that_is_no_number_costs_the_batch(cluster: Broker, caplog: pytest.LogCaptureFixture) -> None:
    step = Samples(samples(2).series, ["no number", 2])  # type: ignore[list-item]

    with started(KafkaStorage(topic="invalid", brokers_ips=cluster.servers)) as storage:
        storage.store(step, "metrics")
        wait_until(lambda: told(storage)["messages_produced"] > 0)
        numbers = told(storage)

    assert (numbers["messages_dropped.invalid"], numbers["samples_lost"]) == (1, 2)
    assert "has the value 'no number'; an int or a float expected" in caplog.text


def test_it_costs_only_itself_if_that_is_asked_for(cluster: Broker) -> None:
    step = Samples(samples(2).series, ["no number", 2])  # type: ignore[list-item]
    storage = KafkaStorage(topic="valid", brokers_ips=cluster.servers, on_invalid="drop_metric")

    with started(storage):
        storage.store(step, "metrics")
        wait_until(lambda: told(storage)["samples_delivered"] == 1)
        lost = told(storage)["samples_lost"]

    assert lost == 1
    [message] = consumed(cluster.servers, "valid")
    assert message["value"].count("task_cpu_usage_seconds{") == 1


def test_it_is_raised_where_the_call_waits(cluster: Broker) -> None:
    step = Samples(samples(1).series, [True])

    with (
        started(KafkaStorage(topic="invalid", brokers_ips=cluster.servers, mode="sync")) as storage,
        pytest.raises(InconvertibleToPrometheusExpositionFormat, match="has the value True"),
    ):
        storage.store(step, "metrics")


def test_storing_before_a_start_is_refused(cluster: Broker) -> None:
    with pytest.raises(WcaError, match="before it was started"):
        KafkaStorage(topic="t", brokers_ips=cluster.servers).store(samples(1), "metrics")


def test_the_contract_of_plugins_is_kept(cluster: Broker) -> None:
    names = [metric.name for metric in check_plugin(KafkaStorage(topic="t", brokers_ips=cluster.servers))]

    assert "wca_kafka_messages_delivered" in names
