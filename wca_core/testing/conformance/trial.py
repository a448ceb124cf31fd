"""One instance of a plugin in a world of its own, called as the agent calls it, step after step."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from wca_core.errors import WcaError
from wca_core.host import Host
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.model.course import Course
from wca_core.model.histories import longest_of
from wca_core.model.metric import Sample, Samples
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import call_hook
from wca_core.testing.conformance import machine_files, scene
from wca_core.testing.conformance.check import HookFailedError, not_asked
from wca_core.testing.conformance.cost import Cost
from wca_core.testing.conformance.given import Given, samples_of
from wca_core.testing.conformance.node import Node
from wca_core.testing.conformance.scene import Reading, Scene
from wca_core.testing.conformance.subject import Subject, scratch
from wca_core.testing.conformance.surroundings import put_back
from wca_core.testing.conformance.terminal import at_nobodys_terminal
from wca_core.testing.conformance.watch import Watch, watching
from wca_core.testing.machine import Machine

LOOKING = ("derive_metrics", "detect", "allocate")
"""Hooks whose answer follows from a snapshot, and from what the instance was shown before."""
OF_SAMPLES = (*LOOKING, "store")
"""Hooks that are shown what was measured; for the others nothing has to be made up."""
FIRST_STEPS = 2
"""In which a storage is given all streams; later one is enough."""
STREAMS = ("metrics", "anomalies", "allocations")


class Trial:
    """A fresh instance on a node. `step` is a step of the agent, with what the kit makes up."""

    def __init__(self, subject: Subject, folder: Path, node: Node, watch: Watch | None) -> None:
        self.subject = subject
        self.folder = folder
        self.node = node
        self.host: Host = node.machine.host()
        with _watched(watch):
            self.plugin: object | None = subject.new(folder)
        self.watch = watch
        """Looks while hooks are called, if it is set."""
        self.allocations: Sequence[Allocation] = ()
        self.platform: Platform | None = machine_files.platform()
        self.interval = 5.0
        self.refusals: dict[str, str] = {}
        """By hook, what it raised of our own family of errors in the last step."""
        self.shown_anomalies: tuple[list[Anomaly], list[Anomaly]] = [], []
        """Those of the last step before `allocate`, and the very list that it was given."""
        self.steps = 0
        self.is_started = False
        self.cost = Cost()
        """Of its hooks."""
        self._output = io.StringIO()
        self._course = Course(longest_of([(subject.name, self.plugin)]))
        self._know()

    @property
    def machine(self) -> Machine:
        return self.node.machine

    @property
    def scene(self) -> Scene:
        return self.node.scene

    @property
    def tasks(self) -> Sequence[Task]:
        return self.node.tasks

    @property
    def printed(self) -> str:
        """To standard output, by hooks."""
        return self._output.getvalue()

    def give(self, tasks: Sequence[Task], *, reading: Reading | None = None) -> None:
        """From now on these tasks run, with cgroups of their own, and are measured so."""
        self.node.give(tasks, self.steps, reading=reading)
        self._know()

    def _know(self) -> None:
        self.host.known_tasks = {task.task_id: task for task in self.tasks}

    def start(self) -> None:
        """As the agent does. Not asked if it refuses: the fake machine is not what it needs."""
        self.is_started = True
        if "start" in self.subject.hooks:
            try:
                self.call("start", host=self.host)
            except WcaError as error:
                if isinstance(error, HookFailedError):
                    raise
                what = "give conformance(cls, make_machine, ...) what makes a machine on which it does"
                not_asked(f"it does not start on the kit's machine ({error}); {what}")

    def stop(self) -> None:
        if "stop" in self.subject.hooks:
            self.call("stop")

    def step(self, samples: Samples | None = None) -> Given:
        """One step; every hook of the flow that the plugin has is called once. `samples`: instead of the scene's."""
        given = Given()
        self.refusals.clear()
        self.grow()
        self.host.look_around()
        if samples is None:
            samples = self.scene.samples(self.steps) if self.subject.has(*OF_SAMPLES) else Samples()
        measured = samples
        self._ask(given, "discover_tasks", host=self.host)
        self._ask(given, "collect_metrics", tasks=self.tasks, host=self.host)
        self._ask(given, "read_allocations", tasks=self.tasks, host=self.host)
        snapshot = self._look(given, measured)
        found = [one for one in given.all_of(Anomaly, "detect") if isinstance(one, Anomaly)]
        anomalies = [*found, *self._anomalies()]
        self.shown_anomalies = list(anomalies), anomalies
        self._ask(given, "allocate", snapshot=snapshot, anomalies=anomalies)
        for stream in STREAMS if self.steps < FIRST_STEPS else STREAMS[:1]:
            self._ask(given, "store", samples=measured, stream=stream)
        self.machine.clock.advance(self.interval)
        self.steps += 1
        return given

    def grow(self) -> None:
        """What counts in the files of the machine has counted on to this step."""
        self.node.grow(self.steps)

    def run(self, steps: int = 8) -> list[Given]:
        """Start, so many steps, stop."""
        self.start()
        given = [self.step() for _ in range(steps)]
        self.stop()
        return given

    def call(self, hook: str, **arguments: object) -> list[object]:
        """Call one hook and take all that it gives. Raises `WcaError` as it does, else `HookFailedError`."""
        try:
            with at_nobodys_terminal(self._output, self.watch), self.cost.counted(hook), _watched(self.watch):
                return _taken(call_hook(self.plugin, hook, **arguments))
        except (WcaError, KeyboardInterrupt):
            raise
        except BaseException as error:
            told = f"{type(error).__name__}: {str(error)[:300]}{_where(error)}"
            raise HookFailedError(f"{self.subject.place}.{hook} raised {told}", error) from error

    def give_up(self) -> None:
        """Stop it, whatever it raises; nobody has it any more."""
        with suppress(WcaError):
            self.stop()
        self.plugin = None

    def close(self) -> None:
        """Stop it, if it was not; whatever it raises."""
        self.watch = None
        if self.plugin is not None:
            with suppress(WcaError):
                self.stop()
        self.host.close()

    def _ask(self, given: Given, hook: str, **arguments: object) -> None:
        if hook not in self.subject.hooks:
            return
        try:
            given.by_hook[hook] = self.call(hook, **arguments)
        except HookFailedError:
            raise
        except WcaError as error:
            self.refusals[hook] = str(error)

    def _look(self, given: Given, measured: Samples) -> Snapshot:
        """The hooks that look at a snapshot are asked."""
        own = list(samples_of(given.by_hook.get("collect_metrics", ())))
        known = self.host.known_tasks
        snapshot = self._course.follow(self._snapshot(_with(measured, own)), known)
        self._ask(given, "derive_metrics", snapshot=snapshot)
        derived = list(samples_of(given.by_hook.get("derive_metrics", ())))
        if derived:
            snapshot = self._course.derive(_with(snapshot.samples, derived), known)
        self._ask(given, "detect", snapshot=snapshot)
        return snapshot

    def _snapshot(self, samples: Samples) -> Snapshot:
        clock = self.machine.clock
        return Snapshot(
            now=clock.now(),
            steady=clock.monotonic(),
            tasks=self.tasks,
            samples=samples,
            allocations=self.allocations,
            platform=self.platform,
        )

    def _anomalies(self) -> list[Anomaly]:
        """Another detector has found something, once there are two tasks and some steps."""
        if self.steps < 3 or len(self.tasks) < 2:
            return []
        victim, cause = self.tasks[0].task_id, self.tasks[1].task_id
        return [
            Anomaly(contended_task_id=victim, contending_task_ids=(cause,), resource=ContendedResource.LLC),
            Anomaly(contended_task_id=victim, resource=ContendedResource.MEMORY_BW),
        ]


@contextmanager
def trial(
    subject: Subject, tasks: Sequence[Task] | None = None, *, watch: Watch | None = None, node: Node | None = None
) -> Iterator[Trial]:
    """A fresh instance, stopped and cleaned up whatever happens: on `node`, or one of its own with these tasks."""
    made: Trial | None = None
    with scratch() as folder, put_back():
        if node is None:
            node = Node(subject, folder)
            node.give(scene.tasks(5) if tasks is None else tasks)
        try:
            made = Trial(subject, folder, node, watch)
            yield made
        finally:
            if made is not None:
                made.close()


def recorded(subject: Subject, steps: int = 8, reading: Reading = scene.quiet) -> list[Given]:
    """What a fresh instance gives in a life of so many steps."""
    with trial(subject) as one:
        one.give(one.tasks, reading=reading)
        return one.run(steps)


@contextmanager
def _watched(watch: Watch | None) -> Iterator[None]:
    if watch is None:
        yield
    else:
        with watching(watch):
            yield


def _with(samples: Samples, more: Sequence[Sample]) -> Samples:
    if not more:
        return samples
    return Samples([*samples.series, *(one.series for one in more)], [*samples.values, *(one.value for one in more)])


def _taken(found: object) -> list[object]:
    """As the agent takes it, which consumes generators."""
    if isinstance(found, str | bytes) or not (found is None or isinstance(found, Iterable)):
        raise TypeError(f"an iterable or None expected, it returned {type(found).__name__}")
    return [] if found is None else list(found)


def _where(error: BaseException) -> str:
    """The last line of code that the error came through."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
