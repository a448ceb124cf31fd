"""A test kit for plugins: a machine made of files, tasks, and one real step of the agent.

>>> machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": "usage_usec 2500000"})
>>> step = run_step(machine, [MyCollector()], tasks=[make_task("/a")])
>>> assert step.value("task_something", plugin="my-collector") == 1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wca_core.agent import Agent, Step
from wca_core.dispatch import HOOKS, STREAMS, Binding
from wca_core.exposition import Page
from wca_core.host import Host
from wca_core.labelling import TaskLabelGenerator
from wca_core.model.metric import METRIC_NAME, Metric, Sample, Samples, Value
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.plugin_api import call_hook, check_plugin_class, hookimpl, hooks_of, plugin
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings


@dataclass(slots=True)
class TestClock:
    """A clock that stands still until it is told the time."""

    __test__ = False

    time: float = 1_700_000_000.0
    steady: float = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        """Both clocks go on."""
        self.time += seconds
        self.steady += seconds


class Machine:
    """A fake machine: a folder with the files of /proc and /sys that a test needs.

    It has cgroup v2 mounted after the first `cgroup_v2`, v1 controllers after `cgroup_v1`, and is
    hybrid with both.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = TestClock()
        self._mounts: dict[str, tuple[str, str]] = {}
        self.file("/proc/self/mountinfo", "")

    def file(self, path: str, text: str | bytes) -> Machine:
        """Put a file at an absolute path of the machine."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            target.write_bytes(text)
        else:
            target.write_text(text)
        return self

    def cgroup_v2(
        self, path: str, files: Mapping[str, str | bytes], controllers: str = "cpu memory io pids"
    ) -> Machine:
        """A cgroup of the unified hierarchy, mounted at /sys/fs/cgroup (hybrid: .../unified)."""
        point = self._mount("cgroup2", "unified" if self._has_v1 else "", "rw")
        self.file(f"{point}{path}/cgroup.controllers", controllers)
        for parent in PurePosixPath(path).parents:
            for name in ("controllers", "subtree_control"):
                self.file(f"{point}{parent}/cgroup.{name}".replace("//", "/"), controllers)
        self._files(point + path, files)
        return self

    def cgroup_v1(self, path: str, files: Mapping[str, Mapping[str, str | bytes]]) -> Machine:
        """A cgroup in the trees of v1 controllers, by controller, each mounted on its own."""
        for controller, of_controller in files.items():
            point = self._mount("cgroup", controller, f"rw,{controller}")
            self._files(point + path, of_controller)
        return self

    def cpus(self, topology: Mapping[int, Mapping[int, Sequence[int]]]) -> Machine:
        """Online CPUs, by socket and core: `{0: {0: [0, 2], 1: [1, 3]}}` is one socket of two cores of two CPUs."""
        directory = "/sys/devices/system/cpu"
        online: list[int] = []
        for socket, cores in topology.items():
            for core, cpus in cores.items():
                online += cpus
                place = {"physical_package_id": f"{socket}\n", "core_id": f"{core}\n"}
                siblings = {"core_cpus_list": f"{','.join(map(str, cpus))}\n"}
                for cpu in cpus:
                    self._files(f"{directory}/cpu{cpu}/topology", {**place, **siblings})
        text = f"{','.join(map(str, sorted(online)))}\n"
        self._files(directory, {"online": text, "present": text})
        return self

    def host(self, **fields: object) -> Host:
        """The host that agents and plugins are given."""
        return Host(root=str(self.root), name="test-host", clock=self.clock, **fields)  # type: ignore[arg-type]

    @property
    def _has_v1(self) -> bool:
        return any(kind == "cgroup" for kind, _ in self._mounts.values())

    def _mount(self, kind: str, name: str, options: str) -> str:
        point = f"/sys/fs/cgroup/{name}".rstrip("/")
        self._mounts[point] = (kind, options)
        lines = [
            f"{number} 1 0:{number} / {where} rw,relatime - {what} {what} {how}\n"
            for number, (where, (what, how)) in enumerate(self._mounts.items(), 30)
        ]
        self.file("/proc/self/mountinfo", "".join(lines))
        return point

    def _files(self, directory: str, files: Mapping[str, str | bytes]) -> None:
        (self.root / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            self.file(f"{directory}/{name}", text)


def make_task(cgroup_path: str = "/task", *containers: str, **fields: object) -> Task:
    """A task whose id and name are the path of its cgroup, with the paths of its containers."""
    defaults: dict[str, object] = {"task_id": cgroup_path, "name": cgroup_path.strip("/")}
    return Task(cgroup_path=cgroup_path, subcgroups_paths=containers, **{**defaults, **fields})  # type: ignore[arg-type]


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class GivenTasks:
    """A discoverer that finds what it is given; `tasks` may be changed between steps."""

    tasks: list[Task] = field(default_factory=list)

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        return self.tasks


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Memory:
    """A storage that remembers every step, by stream."""

    stores_locally = True
    stored: dict[str, list[Samples]] = field(default_factory=dict)

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.stored.setdefault(stream, []).append(samples)


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of one step, to be asked in tests."""

    step: Step
    statistics: Statistics

    def value(self, metric: str, task: str | None = None, **labels: str) -> Value | None:
        """The value of the only sample of this metric with these labels; None if there is none.

        Raises `AssertionError` if there are several.
        """
        wanted = {**labels, **({"task_id": task} if task is not None else {})}
        found = [one.value for one in self.samples(metric) if wanted.items() <= one.labels.items()]
        assert len(found) < 2, f"{len(found)} samples of {metric} with {wanted}"
        return found[0] if found else None

    def values(self, metric: str) -> dict[str, Value]:
        """The values of a metric by task id."""
        return {sample.labels["task_id"]: sample.value for sample in self.samples(metric) if sample.series.task}

    def samples(self, metric: str) -> list[Sample]:
        """All samples of a metric, measured, found or of allocations."""
        parts = self.step.samples, self.step.findings, self.step.allocations
        return [one for part in parts for one in part if one.name == metric]

    @property
    def names(self) -> set[str]:
        """The names of all metrics."""
        return {sample.name for part in (self.step.samples, self.step.findings) for sample in part}

    @property
    def text(self) -> str:
        """The samples as Prometheus text."""
        return Page({"host": "test-host"}).text(self.step.samples).decode()


@contextmanager
def running(
    machine: Machine | Host,
    plugins: Sequence[object],
    tasks: Sequence[Task] = (),
    label_generators: Mapping[str, TaskLabelGenerator] | None = None,
    allocation: AllocationSettings | None = None,
) -> Iterator[Agent]:
    """A started agent with these plugins and OwnMetrics, stopped at the end."""
    host = machine.host() if isinstance(machine, Machine) else machine
    bindings = [whole_binding(one) for one in (GivenTasks(tasks=list(tasks)), *plugins, _own_metrics())]
    agent = Agent(_with_own_names(bindings), host, label_generators, allocation)
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()


def run_step(machine: Machine | Host, plugins: Sequence[object], tasks: Sequence[Task] = ()) -> Measured:
    """One step of an agent with these plugins; see `Measured`."""
    with running(machine, plugins, tasks) as agent:
        return Measured(agent.step(), agent.host.statistics)


def whole_binding(plugin_object: object, name: str | None = None) -> Binding:
    """A binding for all hooks of a plugin, named as its entry point or else in words: `MyThing` is `my-thing`."""
    cls = type(plugin_object)
    registered = Registry().name_of(cls)
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("-")
    hooks = hooks_of(cls)
    return Binding(
        name=name or (words if registered == cls.__name__ else registered),
        plugin=plugin_object,
        hooks=hooks,
        streams=STREAMS if "store" in hooks else frozenset(),
    )


def check_plugin(plugin_object: object) -> list[Metric]:
    """Check a plugin against the contract; returns the metrics it describes.

    Raises `PluginError` for the class, `AssertionError` for a malformed or doubled description.
    """
    name = type(plugin_object).__name__
    check_plugin_class(type(plugin_object), name, HOOKS)
    if "describe_metrics" not in hooks_of(type(plugin_object)):
        return []
    described = call_hook(plugin_object, "describe_metrics")
    metrics = list(described) if isinstance(described, Iterable) else []
    names = [metric.name for metric in metrics]
    assert len(names) == len(set(names)), f"{name} describes a metric twice: {sorted(names)}"
    assert all(METRIC_NAME.fullmatch(one) for one in names)
    return metrics


def _own_metrics() -> object:
    return Registry().load("self")()


def _with_own_names(bindings: list[Binding]) -> list[Binding]:
    """Two plugins of one class are told apart by a number."""
    seen: dict[str, int] = {}
    for binding in bindings:
        seen[binding.name] = seen.get(binding.name, 0) + 1
        if seen[binding.name] > 1:
            binding.name = f"{binding.name}-{seen[binding.name]}"
    return bindings
