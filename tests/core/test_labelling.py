"""Labels that the configuration adds: in which order, over which others, and how seldom they are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core.errors import ConfigurationError, HostError
from wca_core.labelling import Labelling
from wca_core.model.metric import Metric, Sample, counter
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, make_task, running

USED = Metric("task_used", "What a task used.", counter)


@dataclass(eq=False)
class Upper:
    """The value of a label in capitals; counts how often it is asked."""

    source: str
    calls: int = 0

    def generate(self, task: Task) -> str | None:
        self.calls += 1
        return task.all_labels[self.source].upper()


@dataclass(eq=False)
class Given:
    """Gives what it is told to; an exception is raised."""

    answer: object

    def generate(self, task: Task) -> str | None:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


@plugin(api=1)
@dataclass(eq=False)
class Forgetful:
    """A discoverer that makes every task anew in every step."""

    tasks: dict[str, dict[str, str]]
    fails: bool = False

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        if self.fails:
            raise HostError("no answer")
        return [make_task(path, labels=dict(labels)) for path, labels in self.tasks.items()]


@plugin(api=1)
@dataclass(eq=False)
class Watcher:
    """Remembers the tasks it is given."""

    seen: list[Sequence[Task]] = field(default_factory=list)
    detected: list[Sequence[Task]] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        self.seen.append(tasks)
        for task in tasks:
            yield USED.sample(1, task)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        self.detected.append(snapshot.tasks)


def labels(task: Task, **generators: object) -> dict[str, str]:
    """All labels of a task behind these generators."""
    (labelled,) = Labelling(generators).labelled([task])  # type: ignore[arg-type]
    return labelled.all_labels


def test_a_generator_sees_the_labels_of_those_before_it() -> None:
    found = labels(make_task("/a"), first=Upper("task_name"), second=Upper("first"))

    assert found == {"task_id": "/a", "task_name": "a", "first": "A", "second": "A"}


@pytest.mark.parametrize("name", ["tier", "task_id", "task_name"])
def test_a_label_that_is_there_stays_as_it_is(name: str) -> None:
    task, asked = make_task("/a", labels={"tier": "1"}), Upper("task_id")

    assert labels(task, **{name: asked}) == task.all_labels
    assert asked.calls == 0


def test_none_is_no_label_but_an_empty_text_is_one() -> None:
    found = labels(make_task("/a"), nothing=Given(None), empty=Given(""))

    assert found == {"task_id": "/a", "task_name": "a", "empty": ""}


def test_a_task_that_gets_no_label_stays_the_same_object() -> None:
    task = make_task("/a")

    assert Labelling({"nothing": Given(None)}).labelled([task])[0] is task


@pytest.mark.parametrize("answer", [ValueError("odd"), SystemExit(3), 5, b"text", ["text"]], ids=repr)
def test_a_generator_that_fails_costs_only_its_label_and_is_told_once_for_each_task(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: object
) -> None:
    node, watcher = Forgetful({"/a": {}, "/b": {}}), Watcher()
    generators = {"bad": Given(answer), "good": Upper("task_name")}

    with running(Machine(tmp_path), [node, watcher], label_generators=generators) as agent:
        agent.step()
        node.tasks["/a"] = {"changed": "yes"}
        agent.step()

    assert [task.labels for task in watcher.seen[1]] == [{"changed": "yes", "good": "A"}, {"good": "B"}]
    told = [message.partition(" is not set: ")[0] for message in caplog.messages if "is not set" in message]
    assert told == ["label bad of task /a", "label bad of task /b"]


@pytest.mark.parametrize("name", ["", "a-b", "1a", "__name", "a b", "a\n", "ä", "app.kubernetes.io/name"])
def test_what_cannot_be_the_name_of_a_label_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"task_label_generators: .* is no label name"):
        Labelling({name: Given("x")})


def test_everybody_sees_the_labels(tmp_path: Path) -> None:
    watcher, memory = Watcher(), Memory()

    with running(Machine(tmp_path), [watcher, memory], [make_task("/a")], {"big": Upper("task_name")}) as agent:
        agent.step()
        assert agent.host.known_tasks["/a"].labels == {"big": "A"}

    assert watcher.detected[0][0].labels == {"big": "A"}
    (sample,) = [one for one in memory.stored["metrics"][0] if one.name == "task_used"]
    assert sample.labels["big"] == "A"


def test_nothing_is_made_anew_for_a_task_that_did_not_change(tmp_path: Path) -> None:
    node, watcher, upper = Forgetful({"/a": {}, "/b": {}}), Watcher(), Upper("task_name")

    with running(Machine(tmp_path), [node, watcher], [make_task("/other")], {"big": upper}) as agent:
        agent.step()
        known = agent.host.known_tasks
        agent.step()
        assert agent.host.known_tasks is known
        node.tasks["/c"] = {}
        agent.step()

    assert watcher.seen[0] is watcher.seen[1]
    assert all(one is other for one, other in zip(watcher.seen[1], watcher.seen[2], strict=False))
    assert upper.calls == len(watcher.seen[2]) == 4


def test_a_task_that_changed_gets_its_labels_anew(tmp_path: Path) -> None:
    node, watcher = Forgetful({"/a": {"x": "one"}, "/b": {"x": "same"}}), Watcher()

    with running(Machine(tmp_path), [node, watcher], label_generators={"big": Upper("x")}) as agent:
        agent.step()
        node.tasks["/a"] = {"x": "two"}
        agent.step()

    before, after = watcher.seen
    assert [task.labels["big"] for task in after] == ["TWO", "SAME"]
    assert after[1] is before[1]


def test_the_tasks_of_a_discoverer_that_failed_come_back_as_the_same_objects(tmp_path: Path) -> None:
    node, watcher, upper = Forgetful({"/a": {}}), Watcher(), Upper("task_name")

    with running(Machine(tmp_path), [node, watcher], label_generators={"big": upper}) as agent:
        for fails in (False, True, False):
            node.fails = fails
            agent.step()

    assert [len(tasks) for tasks in watcher.seen] == [1, 0, 1]
    assert watcher.seen[2][0] is watcher.seen[0][0]
    assert upper.calls == 1


def test_a_task_that_was_gone_is_new_when_it_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    node, upper = Forgetful({"/a": {}}), Upper("task_name")

    generators = {"big": upper, "bad": Given(5)}
    with running(Machine(tmp_path), [node], label_generators=generators) as agent:
        for tasks in ({"/a": {}}, {}, {"/a": {}}):
            node.tasks = tasks  # type: ignore[assignment]
            agent.step()

    assert upper.calls == 2
    assert len([message for message in caplog.messages if "label bad of task /a" in message]) == 2
