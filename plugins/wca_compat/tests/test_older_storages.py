"""Storages written for the older interfaces are given metrics; those that `wca.storage` serves are ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca.metrics import Metric, MetricType
from wca.storage import FailedDeliveryException, KafkaStorage, LogStorage, Storage
from wca_compat.storing import StorageAdapter

from wca_core import Block, ConfigurationError, PluginError, Sample, Samples, Series, hookimpl, plugin
from wca_core.agent import Agent
from wca_core.model import metric as today
from wca_core.registry import Registry
from wca_core.testing import Machine, make_task, running

USAGE = today.Metric("task_usage_bytes", "Bytes in use.", today.gauge, unit="bytes", levels=("node",))
LOAD = today.Metric("platform_load", "Load.", today.counter)


@plugin(api=1)
class Source:
    """Two samples of each task and one of the machine."""

    @hookimpl
    def collect_metrics(self, tasks):  # type: ignore[no-untyped-def]
        yield LOAD.sample(3)
        for task in tasks:
            yield Block([USAGE.series(task, node=0), USAGE.series(task, node=1)], [1, 2.5])


class Remembering(Storage):
    """Keeps what it is given; may fail."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.calls: list[list[Metric]] = []
        self.threads: set[str] = set()
        self.failure = failure

    def store(self, metrics: list[Metric]) -> None:
        self.threads.add(threading.current_thread().name)
        self.calls.append(metrics)
        if self.failure is not None:
            raise self.failure


@contextmanager
def agent_with(tmp_path: Path, storage: object) -> Iterator[Agent]:
    task = make_task("/t1", labels={"app": "web", "host": "of the task", "node": "of the task"})
    with running(Machine(tmp_path), [Source(), Registry().as_plugin(storage)], [task]) as agent:
        yield agent


def test_each_step_of_an_agent_that_measures_is_one_call_beside_the_step(tmp_path: Path) -> None:
    storage = Remembering()

    with agent_with(tmp_path, storage) as agent:
        agent.step()

    assert len(storage.calls) == 1
    assert threading.current_thread().name not in storage.threads
    assert all(isinstance(one, Metric) for call in storage.calls for one in call)


def test_a_metric_has_its_description_and_all_labels_the_common_ones_over_those_of_the_task(tmp_path: Path) -> None:
    storage = Remembering()

    with agent_with(tmp_path, storage) as agent:
        agent.step()

    of_task = [one for one in storage.calls[0] if one.name == "task_usage_bytes"]
    labels = {"app": "web", "host": "test-host", "task_id": "/t1", "task_name": "t1"}
    assert of_task == [
        Metric("task_usage_bytes", value, {**labels, "node": node}, "bytes", MetricType.GAUGE, "Bytes in use.", "task")
        for node, value in (("0", 1), ("1", 2.5))
    ]
    (of_host,) = [one for one in storage.calls[0] if one.name == "platform_load"]
    assert (of_host.labels, of_host.type, of_host.granularity) == ({"host": "test-host"}, "counter", "platform")


def test_what_a_storage_does_to_its_metrics_harms_nobody(tmp_path: Path) -> None:
    class Destroying(Remembering):
        def store(self, metrics: list[Metric]) -> None:
            super().store([Metric(one.name, one.value, dict(one.labels)) for one in metrics])
            for one in metrics:
                one.labels.clear()
                one.value = -1
            metrics.clear()

    storage, witness = Destroying(), Remembering()

    task = make_task("/t1", labels={"app": "web"})
    plugins = [Source(), *(Registry().as_plugin(one) for one in (storage, witness))]
    with running(Machine(tmp_path), plugins, [task]) as agent:
        for _ in range(3):
            agent.step()

    for calls in (storage.calls, witness.calls):
        assert [one.labels["app"] for call in calls for one in call if one.name == "task_usage_bytes"]
        assert all(one.labels["host"] == "test-host" for call in calls for one in call)
        assert all(one.value != -1 for call in calls for one in call)


@pytest.mark.parametrize("failure", [FailedDeliveryException("away"), RuntimeError("a mistake"), SystemExit(1)])
def test_a_failed_delivery_is_counted_and_the_agent_goes_on(
    tmp_path: Path, failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    storage = Remembering(failure)

    with agent_with(tmp_path, storage) as agent:
        agent.step()
        agent.step()

    assert agent.host.statistics.plugin("remembering").errors["store"] == len(storage.calls) >= 1
    assert any("remembering failed in store" in record.getMessage() for record in caplog.records)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers() | st.floats(allow_nan=False)), max_size=6))
def test_every_sample_is_a_metric_in_the_same_order(given_samples: list[tuple[str, float]]) -> None:
    storage = Remembering()
    adapter = StorageAdapter(storage)

    samples = Samples.of([Sample(Series.of(LOAD, {"label": label}), value) for label, value in given_samples])
    adapter.store(samples, "metrics")
    adapter.store(samples, "metrics")

    assert storage.calls[0] == storage.calls[1]
    assert [(one.labels["label"], one.value) for one in storage.calls[0]] == given_samples


def test_an_older_component_writes_a_file_by_itself(tmp_path: Path) -> None:
    storage = LogStorage(output_filename=f"{tmp_path}/out.prom", overwrite=True)

    storage.store([Metric("load", 1, {"app": "web"}, type=MetricType.COUNTER, help="Load.")])
    storage.store([Metric("load", 2.5, {"app": "web"}, type=MetricType.COUNTER, help="Load.")])

    assert (tmp_path / "out.prom").read_text() == ('# HELP load Load.\n# TYPE load counter\nload{app="web"} 2.5\n')


def test_a_metric_that_cannot_be_written_is_dropped_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = LogStorage(f"{tmp_path}/out.prom", True)

    storage.store([Metric("no name", 1), Metric("good", 1), Metric("bad", "text")])  # type: ignore[arg-type]

    assert "good 1" in (tmp_path / "out.prom").read_text()
    assert "no name" not in (tmp_path / "out.prom").read_text()
    assert sum("is dropped" in record.getMessage() for record in caplog.records) == 2


def test_a_storage_derived_from_ours_is_called_by_its_own_method(tmp_path: Path) -> None:
    @dataclass
    class OnlyLoad(LogStorage):
        wanted: str = "platform_load"

        def store(self, metrics: list[Metric]) -> None:
            super().store([one for one in metrics if one.name == self.wanted])

    with agent_with(tmp_path, OnlyLoad(f"{tmp_path}/out.prom", True)) as agent:
        agent.step()
        agent._storages.stop()  # type: ignore[union-attr]  what waits is written

    assert '# TYPE platform_load counter\nplatform_load{host="test-host"} 3\n' in (tmp_path / "out.prom").read_text()


def test_one_of_ours_that_the_agent_calls_is_handed_the_samples_themselves(tmp_path: Path) -> None:
    storage = LogStorage(f"{tmp_path}/out.prom", overwrite=True)

    with agent_with(tmp_path, storage) as agent:
        agent.step()

    text = (tmp_path / "out.prom").read_text()
    assert "# TYPE platform_load counter" in text
    assert text.count("task_usage_bytes{") == 2
    assert "Given by a plugin" not in text


def test_one_that_only_has_other_defaults_is_ours_too(tmp_path: Path) -> None:
    @dataclass
    class Overwriting(LogStorage):
        overwrite: bool = True

    with agent_with(tmp_path, Overwriting(f"{tmp_path}/out.prom")) as agent:
        agent.step()
        agent.step()

    text = (tmp_path / "out.prom").read_text()
    assert text.count("# TYPE platform_load counter") == 1
    assert "Given by a plugin" not in text


def test_a_wrong_field_is_refused_when_the_storage_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="overwrite: true needs output_filename"):
        LogStorage(overwrite=True)
    with pytest.raises(ConfigurationError, match="does not exist"):
        LogStorage(f"{tmp_path}/none/out.prom")


def test_a_file_that_cannot_be_written_is_a_failed_delivery(tmp_path: Path) -> None:
    storage = LogStorage(str(tmp_path))

    with pytest.raises(FailedDeliveryException, match="is a directory"):
        storage.store([Metric("load", 1)])


def test_what_is_no_list_of_metrics_is_refused(tmp_path: Path) -> None:
    from wca_core import ContractError

    with pytest.raises(ContractError, match="a list of Metric expected"):
        LogStorage(f"{tmp_path}/out.prom").store(["load 1"])  # type: ignore[list-item]


def test_what_is_stored_in_kafka_is_there_when_the_call_is_over() -> None:
    pytest.importorskip("wca_kafka", reason="wca-kafka is not installed")
    from plugins.wca_kafka.tests.given import broker, consumed

    with broker() as cluster:
        storage = KafkaStorage("older", cluster.servers, max_timeout_in_seconds=5)
        storage.store([Metric("load", 2, {"app": "web"}, type=MetricType.COUNTER)])
        (message,) = consumed(cluster.servers, "older")

    assert storage.ours.plugin.mode == "sync"  # type: ignore[attr-defined]
    assert 'load{app="web"} 2 ' in message["value"]


def test_a_broker_that_is_away_is_a_failed_delivery(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("wca_kafka", reason="wca-kafka is not installed")
    caplog.set_level(logging.CRITICAL, "wca.kafka")
    storage = KafkaStorage("topic", ["127.0.0.1:1"], max_timeout_in_seconds=0.1)

    with pytest.raises(FailedDeliveryException, match="not delivered"):
        storage.store([Metric("load", 1)])


def test_a_storage_of_a_package_that_is_not_installed_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    whole = metadata.entry_points()
    points = [point for group in whole.groups for point in whole.select(group=group)]
    without = metadata.EntryPoints(point for point in points if not point.value.startswith("wca_kafka"))
    monkeypatch.setattr(metadata, "entry_points", lambda **chosen: without.select(**chosen) if chosen else without)

    with pytest.raises(PluginError, match="part of the package wca-kafka"):
        KafkaStorage("topic")
