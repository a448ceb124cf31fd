"""FilterStorage: some metrics to several storages, none of which can hurt another."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core.builtin.filter_storage import FilterStorage
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError, WcaError
from wca_core.host import Host
from wca_core.model.metric import Metric, Samples, gauge
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, running

CPU = Metric("task_cpu", "CPU.", gauge)
MEMORY = Metric("task_mem_usage", "Memory.", gauge)
SAMPLES = Samples.of([CPU.sample(1), MEMORY.sample(2)])


@plugin(api=1)
@dataclass(eq=False)
class Broken:
    """Raises in `store` and `stop`."""

    error: BaseException = field(default_factory=lambda: OSError("disk full"))

    @hookimpl
    def store(self, samples: Samples) -> None:
        samples.series.clear()
        samples.values.clear()
        raise self.error

    @hookimpl
    def stop(self) -> None:
        raise self.error


@plugin(api=1)
@dataclass(eq=False)
class Whole(Memory):
    """Remembers, and has all hooks of a storage."""

    events: list[str] = field(default_factory=list)

    @hookimpl
    def start(self, host: Host) -> None:
        self.events.append("start")

    @hookimpl
    def reload(self, host: Host) -> None:
        self.events.append("reload")

    @hookimpl
    def stop(self) -> None:
        self.events.append("stop")


def names(memory: Memory) -> list[str]:
    return [one.name for one in memory.stored["metrics"][0]]


@pytest.mark.parametrize(
    ("chosen", "passed"),
    [
        *((None, ["task_cpu", "task_mem_usage"]), ([], []), (["task_cpu"], ["task_cpu"])),
        *((["task_mem_*"], ["task_mem_usage"]), (["task"], []), (["task_[c]pu"], ["task_cpu"])),
    ],
)
def test_only_the_metrics_named_pass(chosen: list[str] | None, passed: list[str]) -> None:
    memory = Memory()

    FilterStorage(storages=[memory], filter=chosen).store(SAMPLES, "metrics")

    assert names(memory) == passed


@pytest.mark.parametrize("error", [OSError("disk full"), SystemExit(1)])
def test_a_storage_that_fails_and_alters_the_samples_hurts_no_other(error: BaseException) -> None:
    memory = Memory()

    with pytest.raises(type(error)):
        FilterStorage(storages=[Broken(error), memory]).store(SAMPLES, "metrics")

    assert names(memory) == ["task_cpu", "task_mem_usage"]
    assert len(SAMPLES) == 2


def test_of_several_failures_all_are_told() -> None:
    storages = [Broken(OSError("disk full")), Broken(ValueError("no topic"))]

    with pytest.raises(WcaError, match="disk full; no topic"):
        FilterStorage(storages=storages).store(SAMPLES, "metrics")


def test_every_storage_is_started_and_stopped_even_if_one_fails(tmp_path: Path) -> None:
    whole = Whole()

    with running(Machine(tmp_path), [FilterStorage(storages=[Broken(), whole])]) as agent:
        agent.step()

    assert whole.events == ["start", "stop"]
    assert len(whole.stored["metrics"]) == 1


def test_every_storage_is_reloaded_even_if_one_fails(tmp_path: Path) -> None:
    @plugin(api=1)
    class Unreadable(Memory):
        @hookimpl
        def reload(self) -> None:
            raise OSError("no such file")

    whole = Whole()

    with running(Machine(tmp_path), [FilterStorage(storages=[Unreadable(), Memory(), whole])]) as agent:
        agent.reload()

    assert whole.events == ["start", "reload", "stop"]
    assert agent.host.statistics.plugins["filter.1"].errors["reload"] == 1


def test_it_stores_locally_if_all_of_its_storages_do() -> None:
    assert FilterStorage(storages=[Memory(), Memory()]).stores_locally
    assert not FilterStorage(storages=[Memory(), Broken()]).stores_locally


def test_what_is_no_storage_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"filter.storages\[0\] .*the hook store expected, found 'log'"):
        configured(Request(plugins=("filter",), overrides=("filter.storages=[log]",)))
