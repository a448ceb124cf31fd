"""A component that knows nodes and storages as they were takes those of ours as fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wca.metrics import Metric
from wca.nodes import Node, Task, TaskSynchronizationException
from wca.runners import AllocationRunner, DetectionRunner, MeasurementRunner, Runner
from wca.storage import FailedDeliveryException, LogStorage, Storage
from wca_compat.our_node import OurNode
from wca_compat.our_storage import OurStorage

from wca_core import register
from wca_core import runners as today
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError, NetworkError
from wca_core.errors import FailedDeliveryException as Today
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registration import registered
from wca_core.testing import GivenTasks, Memory, make_task


@dataclass
class Counting(Runner):
    """Stores the number of tasks, once."""

    node: Node
    storage: Storage
    others: list[Storage] = field(default_factory=list)
    file: LogStorage | None = None

    def run(self) -> int:
        tasks = self.node.get_tasks()
        for storage in (self.storage, *self.others):
            storage.store([Metric("older_tasks", len(tasks), {"first": tasks[0].name if tasks else ""})])
        return len(tasks)


class Fixed(Node):
    def get_tasks(self) -> list[Task]:
        return [Task("web", "t1", "/t1", [], {}, {})]


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(registered)
    for cls in (Counting, Fixed):
        register(cls)
    yield
    registered.clear()
    registered.update(before)


def load(tmp_path: Path, text: str) -> Counting:
    file = tmp_path / "wca.yaml"
    file.write_text(f"runner: !Counting\n  node: !Fixed\n{text}")
    runner = configured(Request(file=str(file))).runner
    assert isinstance(runner, Counting)
    return runner


def test_a_runner_of_its_own_stores_with_a_storage_of_ours(tmp_path: Path) -> None:
    runner = load(tmp_path, f"  storage: !LogStorage {{output_filename: {tmp_path}/out.prom, overwrite: true}}\n")

    assert runner.run() == 1
    assert 'older_tasks{first="web"} 1\n' in (tmp_path / "out.prom").read_text()


def test_one_storage_in_two_places_is_one(tmp_path: Path) -> None:
    text = f"""  storage: &file !LogStorage {{output_filename: {tmp_path}/out.prom}}
  others: [*file]
"""

    runner = load(tmp_path, text)
    runner.run()

    assert (tmp_path / "out.prom").read_text().count("older_tasks{") == 2


def test_a_storage_of_ours_is_one_of_the_same_name(tmp_path: Path) -> None:
    text = f"""  storage: &file !LogStorage {{output_filename: {tmp_path}/out.prom, overwrite: true}}
  file: *file
"""

    runner = load(tmp_path, text)

    assert isinstance(runner.file, LogStorage)
    assert (runner.file.output_filename, runner.file.overwrite) == (f"{tmp_path}/out.prom", True)
    runner.file.store([Metric("load", 1)])
    assert "load 1\n" in (tmp_path / "out.prom").read_text()


def test_a_node_of_ours_gives_older_tasks() -> None:
    ours = make_task("/a", "/a/b", labels={"app": "web"}, resources={"cpus": 2.0})

    tasks = OurNode(GivenTasks(tasks=[ours])).get_tasks()

    assert tasks == [Task("a", "/a", "/a", ["/a/b"], {"app": "web"}, {"cpus": 2.0})]
    tasks[0].labels.clear()
    assert ours.labels == {"app": "web"}


def test_a_node_of_ours_fails_as_older_ones_do() -> None:
    @plugin(api=1)
    class Away:
        @hookimpl
        def discover_tasks(self):  # type: ignore[no-untyped-def]
            raise NetworkError("nobody there")

    with pytest.raises(TaskSynchronizationException, match="Away: nobody there"):
        OurNode(Away()).get_tasks()


def test_a_plugin_is_started_once_before_it_is_first_used_and_stopped_with_its_owner() -> None:
    calls: list[str] = []

    @plugin(api=1)
    class Watched(Memory):
        @hookimpl
        def start(self, host):  # type: ignore[no-untyped-def]
            calls.append(f"start {host.labels}")

        @hookimpl
        def stop(self) -> None:
            calls.append("stop")

    watched = Watched()
    storage = OurStorage(watched)
    assert calls == []
    storage.store([Metric("a", 1)])
    storage.store([])
    del storage

    assert calls == ["start {}", "stop"]
    assert [len(samples) for samples in watched.stored["metrics"]] == [1, 0]


def test_what_goes_wrong_in_a_storage_of_ours_is_a_failed_delivery() -> None:
    @plugin(api=1)
    class Full:
        @hookimpl
        def store(self, samples, stream):  # type: ignore[no-untyped-def]
            raise OSError(28, "No space left on device")

    with pytest.raises(FailedDeliveryException, match=r"Full: .*No space left"):
        OurStorage(Full()).store([Metric("a", 1)])
    assert FailedDeliveryException is Today


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("  storage: !StaticNode {tasks: []}\n", "a Storage, or a plugin with the hook store"),
        ("  storage: here\n", "a Storage, or a plugin with the hook store"),
        ("  storage: !LogStorage\n  file: !StaticNode {tasks: []}\n", "a LogStorage, or a plugin with the hook store"),
    ],
)
def test_what_is_neither_is_refused_with_place_expected_and_found(tmp_path: Path, fields: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, fields)

    assert message in str(raised.value)
    assert "wca.yaml:" in str(raised.value)


def test_the_documented_runners_are_ours_and_a_class_with_run_is_a_runner() -> None:
    assert (AllocationRunner, DetectionRunner, MeasurementRunner) == (
        today.AllocationRunner,
        today.DetectionRunner,
        today.MeasurementRunner,
    )
    assert issubclass(MeasurementRunner, Runner)
    assert not issubclass(LogStorage, Runner)
    with pytest.raises(TypeError, match="abstract"):
        Runner()  # type: ignore[abstract]
