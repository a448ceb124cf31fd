"""One plugin at a time: what a broken one costs, and what a class must be to become a plugin."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core.agent import Agent
from wca_core.dispatch import HOOKS, Binding, Dispatcher
from wca_core.errors import HostError, PluginError
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Block, Metric, Sample, counter, gauge
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, make_task, run_step, running, whole_binding

GOOD = Metric("good", "From a plugin that works.", gauge)
BAD = Metric("bad", "From a plugin that does not.", counter)


@plugin(api=1)
class Good:
    """Works, in every hook of the flow that yields samples."""

    @hookimpl
    def collect_metrics(self) -> Iterator[Sample]:
        yield GOOD.sample(1)

    @hookimpl
    def detect(self) -> Iterator[Anomaly | Sample]:
        yield Anomaly(contended_task_id="/a", contending_task_ids=("/b",))


def raising(error: BaseException) -> object:
    """A plugin of which every hook raises this error, but `start`."""

    @plugin(api=1)
    class Raising:
        @hookimpl
        def discover_tasks(self) -> Iterable[object]:
            raise error

        @hookimpl
        def collect_metrics(self) -> Iterable[object]:
            raise error

        @hookimpl
        def derive_metrics(self) -> Iterable[object]:
            raise error

        @hookimpl
        def detect(self) -> Iterable[object]:
            raise error

        @hookimpl
        def allocate(self) -> Iterable[object]:
            raise error

        @hookimpl
        def store(self) -> None:
            raise error

        @hookimpl
        def read_allocations(self) -> Iterable[object]:
            raise error

        @hookimpl
        def plan_writes(self) -> Iterable[object]:
            raise error

        @hookimpl
        def describe_metrics(self) -> Iterable[object]:
            raise error

        @hookimpl
        def requirements(self) -> Iterable[object]:
            raise error

        @hookimpl
        def stop(self) -> None:
            raise error

    return Raising()


def collecting(give: object) -> object:
    """A plugin of which `collect_metrics` gives this."""

    @plugin(api=1)
    class Collecting:
        @hookimpl
        def collect_metrics(self) -> object:
            return give

    return Collecting()


@plugin(api=1)
@dataclass(eq=False)
class Flaky:
    """Fails as long as it is told to; counts its calls."""

    fails: bool = True
    calls: list[bool] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self) -> list[Sample]:
        self.calls.append(self.fails)
        if self.fails:
            raise ValueError("told to fail")
        return [GOOD.sample(1)]


@pytest.mark.parametrize(
    "error", [ValueError("broken"), SystemExit(3), MemoryError(), RecursionError(), StopIteration(), OSError(5, "io")]
)
def test_a_plugin_that_raises_in_every_hook_costs_only_itself(tmp_path: Path, error: BaseException) -> None:
    memory = Memory()

    step = run_step(Machine(tmp_path), [raising(error), Good(), memory], tasks=[make_task("/a"), make_task("/b")])

    assert step.value("good") == 1
    assert len(step.step.anomalies) == 1
    assert len(step.step.tasks) == 2
    assert sorted(memory.stored) == ["allocations", "anomalies", "metrics"]
    assert step.value("wca_plugin_up", plugin="raising") == 0
    assert step.value("wca_plugin_errors", plugin="raising", hook="collect_metrics") == 1
    assert step.value("wca_plugin_up", plugin="good") == 1


def test_a_plugin_that_yields_half_and_raises_has_given_nothing(tmp_path: Path) -> None:
    def half() -> Iterator[Sample]:
        yield BAD.sample(1)
        raise ValueError("broken")

    step = run_step(Machine(tmp_path), [collecting(half()), Good()])

    assert step.value("bad") is None
    assert step.value("good") == 1
    assert step.value("wca_plugin_up", plugin="collecting") == 0


@pytest.mark.parametrize(
    "give",
    [
        *(5, "text", b"bytes", object, 1.5),
        *([5], ["text"], [None], [("bad", 1)], [BAD], {"bad": 1}),
        *([Block(None, [1])], [Block([BAD.series()], None)], [Block(5, 5)]),  # type: ignore[arg-type]
        *([Block([BAD.series()], [])], [Block([], [1])]),
        *([Sample(None, 1)], [Sample(BAD, 1)]),  # type: ignore[arg-type]
        *([BAD.sample(True)], [BAD.sample(None)], [BAD.sample("1")], [BAD.sample(float("nan"))]),  # type: ignore[arg-type]
        *([BAD.sample(float("inf"))], [BAD.sample(10**5000)], [BAD.sample([])]),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_sample_is_a_fault_of_its_plugin_only(tmp_path: Path, give: object) -> None:
    memory = Memory()

    step = run_step(Machine(tmp_path), [collecting(give), Good(), memory])

    assert step.value("bad") is None
    assert step.value("good") == 1
    assert step.value("wca_plugin_up", plugin="collecting") == 0
    assert 'good{host="test-host"} 1\n' in step.text
    assert len(memory.stored["metrics"]) == 1


def test_blocks_that_are_wrong_by_as_much_do_not_make_each_other_right(tmp_path: Path) -> None:
    other = Metric("other", "Another.", gauge)
    blocks = [Block([BAD.series(), other.series()], [1]), Block([GOOD.series()], [2, 3])]

    step = run_step(Machine(tmp_path), [collecting(blocks)])

    assert [step.value(name) for name in ("bad", "other", "good")] == [None, None, None]
    assert step.value("wca_plugin_up", plugin="collecting") == 0


def test_one_odd_value_does_not_cost_the_other_samples_of_its_plugin(tmp_path: Path) -> None:
    step = run_step(Machine(tmp_path), [collecting([GOOD.sample(1), BAD.sample(float("nan"))])])

    assert (step.value("good"), step.value("bad")) == (1, None)
    assert step.value("wca_plugin_errors", plugin="collecting", hook="collect_metrics") == 1


def test_a_hook_may_give_nothing(tmp_path: Path) -> None:
    step = run_step(Machine(tmp_path), [collecting(None)])

    assert step.value("wca_plugin_up", plugin="collecting") == 1


def odd_finding(item: object) -> object:
    """A plugin that gives this as anomaly and as wish."""

    @plugin(api=1)
    class Odd:
        @hookimpl
        def detect(self) -> list[object]:
            return [item]

        @hookimpl
        def allocate(self) -> list[object]:
            return [item]

        @hookimpl
        def read_allocations(self) -> list[object]:
            return [item]

        @hookimpl
        def plan_writes(self) -> list[object]:
            return [item]

    return Odd()


@pytest.mark.parametrize("item", [None, 5, "text", object(), [1], BAD.sample("x"), Block(None, None)])  # type: ignore[arg-type]
def test_an_odd_finding_never_ends_a_step(tmp_path: Path, item: object) -> None:
    memory = Memory()

    with running(Machine(tmp_path), [odd_finding(item), Good(), memory], [make_task("/a"), make_task("/b")]) as agent:
        agent.step()
        step = agent.step()

    assert [sample.value for sample in step.samples if sample.name == "good"] == [1]
    assert len(step.anomalies) == 1
    assert [len(memory.stored[stream]) for stream in ("metrics", "anomalies", "allocations")] == [2, 2, 2]
    assert agent.host.statistics.plugin("odd").errors == {"read_allocations": 2, "detect": 2, "allocate": 2}


def test_after_five_failures_a_plugin_pauses_for_a_time_that_doubles_up_to_64_steps(tmp_path: Path) -> None:
    flaky = Flaky()

    with running(Machine(tmp_path), [flaky]) as agent:
        called = []
        for _ in range(400):
            before = len(flaky.calls)
            agent.step()
            called.append(len(flaky.calls) > before)

    steps = [at for at, was_called in enumerate(called) if was_called]
    pauses = [later - earlier - 1 for earlier, later in itertools.pairwise(steps)]
    assert pauses[:12] == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 64, 64]


def test_a_discoverer_pauses_four_steps_at_most(tmp_path: Path) -> None:
    asked = []

    @plugin(api=1)
    class Away:
        @hookimpl
        def discover_tasks(self) -> list[Task]:
            asked.append(step)
            raise HostError("nobody answers")

    with running(Machine(tmp_path), [Away()]) as agent:
        for step in range(40):  # noqa: B007  the discoverer notes it
            agent.step()

    pauses = [later - earlier - 1 for earlier, later in itertools.pairwise(asked)]
    assert pauses == [0, 0, 0, 0, 2, 4, 4, 4, 4, 4, 4]


def test_one_success_ends_the_back_off(tmp_path: Path) -> None:
    flaky = Flaky()

    with running(Machine(tmp_path), [flaky]) as agent:
        for _ in range(5 + 2 + 1):  # the pause after the last failure is of 4 steps
            agent.step()
        flaky.fails = False
        for _ in range(4 + 1):
            agent.step()
        succeeded = len(flaky.calls)
        flaky.fails = True
        for _ in range(5):
            agent.step()

    assert flaky.calls[:succeeded] == [True] * 6 + [False]
    assert flaky.calls[succeeded:] == [True] * 5


def test_a_plugin_is_down_while_it_fails_or_pauses_and_up_after_one_success(tmp_path: Path) -> None:
    flaky = Flaky()
    up = []

    with running(Machine(tmp_path), [flaky]) as agent:
        for at in range(9):
            flaky.fails = at < 7
            samples = agent.step().samples
            up += [one.value for one in samples if repr(one.series) == 'wca_plugin_up{plugin="flaky"}']

    assert up == [0, 0, 0, 0, 0, 0, 0, 1, 1]


def test_a_storage_of_three_streams_pauses_for_steps_not_for_streams(tmp_path: Path) -> None:
    calls = []

    @plugin(api=1)
    class Broken:
        stores_locally = True

        @hookimpl
        def store(self, stream: str) -> None:
            calls.append(stream)
            raise OSError("broken")

    @plugin(api=1)
    class Allocator:
        @hookimpl
        def allocate(self) -> None:
            return None

    with running(Machine(tmp_path), [Broken(), Allocator()]) as agent:
        for _ in range(8):
            agent.step()

    assert calls.count("metrics") == calls.count("anomalies") == calls.count("allocations") == 6


def refused(cls: type, name: str = "acme") -> str:
    """Why a class cannot be a plugin."""
    binding = Binding(name=name, plugin=cls(), hooks=frozenset(HOOKS))
    with pytest.raises(PluginError) as caught:
        Dispatcher([binding], Statistics())
    return str(caught.value)


def test_a_class_that_declares_no_api_is_refused_with_the_line_to_add() -> None:
    class Old:
        @hookimpl
        def collect_metrics(self) -> None: ...

    assert "put @wca_core.plugin(api=1) above the class" in refused(Old)


def test_a_class_for_a_newer_api_is_refused_with_what_it_needs() -> None:
    @plugin(api=2)
    class New:
        @hookimpl
        def collect_metrics(self) -> None: ...

    assert "'acme'" in refused(New)
    assert "was written for API 2, this wca-core has 1: install a newer wca-core" in refused(New)


def test_a_class_for_an_api_that_is_too_old_is_refused() -> None:
    @plugin(api=0)
    class Ancient:
        @hookimpl
        def collect_metrics(self) -> None: ...

    assert "the oldest supported is 1: install a newer version of the plugin" in refused(Ancient)


def test_a_misspelt_hook_is_refused_with_the_hook_that_is_meant() -> None:
    @plugin(api=1)
    class Misspelt:
        @hookimpl
        def colect_metrics(self) -> None: ...

    assert "implements a hook 'colect_metrics' that does not exist (did you mean collect_metrics?)" in refused(Misspelt)


def test_a_hook_with_an_argument_that_does_not_exist_is_refused_with_its_name() -> None:
    @plugin(api=1)
    class Demanding:
        @hookimpl
        def collect_metrics(self, tasks: object, weather: object) -> None: ...

    assert "'acme' is refused" in refused(Demanding)
    assert "weather" in refused(Demanding)


def test_a_class_without_hooks_is_refused() -> None:
    @plugin(api=1)
    class Idle: ...

    assert "has no hook: put @wca_core.hookimpl above its methods" in refused(Idle)


def test_a_property_that_works_only_after_the_start_does_no_harm(tmp_path: Path) -> None:
    @plugin(api=1)
    class Touchy:
        @property
        def state(self) -> object:
            raise RuntimeError("not started")

        @hookimpl
        def collect_metrics(self) -> list[Sample]:
            return [GOOD.sample(1)]

    assert run_step(Machine(tmp_path), [Touchy()]).value("good") == 1


def test_two_plugins_of_one_name_are_refused_with_the_name() -> None:
    bindings = [whole_binding(Good(), "same"), whole_binding(Flaky(), "same")]

    with pytest.raises(PluginError, match="'same'"):
        Dispatcher(bindings, Statistics())


def test_one_plugin_under_two_names_is_refused() -> None:
    good = Good()

    with pytest.raises(PluginError, match="'other' is refused"):
        Dispatcher([whole_binding(good, "one"), whole_binding(good, "other")], Statistics())


def test_a_hook_that_nobody_bound_is_not_called(tmp_path: Path) -> None:
    flaky = Flaky()
    binding = Binding(name="flaky", plugin=flaky, hooks=frozenset({"detect"}))
    agent = Agent([binding], Machine(tmp_path).host())

    agent.step()

    assert flaky.calls == []


def test_plugins_are_called_in_the_order_of_the_configuration_and_the_last_ones_last(tmp_path: Path) -> None:
    order: list[str] = []

    @plugin(api=1)
    class Last:
        @hookimpl(trylast=True)
        def collect_metrics(self) -> None:
            order.append("last")

    @plugin(api=1)
    @dataclass(eq=False)
    class Named:
        name: str

        @hookimpl
        def collect_metrics(self) -> None:
            order.append(self.name)

    run_step(Machine(tmp_path), [Last(), Named("b"), Named("a")])

    assert order == ["b", "a", "last"]


def test_a_reload_that_failed_often_is_still_called_when_the_operator_asks(tmp_path: Path) -> None:
    @plugin(api=1)
    class Rules:
        called = 0

        @hookimpl
        def reload(self) -> None:
            self.called += 1
            if self.called < 8:
                raise ValueError("wrong rules")

    rules = Rules()
    with running(Machine(tmp_path), [rules]) as agent:
        for _ in range(8):
            agent.reload()
        health = agent.host.statistics.plugins["rules"]

    assert (rules.called, health.errors["reload"], health.up) == (8, 7, True)
