"""Tasks, and what the installed collectors would measure of them: what detectors and allocators are given.

The same scene gives the same numbers whenever it is made, so that two instances can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product

from wca_core.metric_catalogue import Described, described
from wca_core.model.metric import Metric, MetricType, Samples, Series, Value
from wca_core.model.task import Task
from wca_core.testing.tasks import make_task

SEED = 7
SCALES = {"bytes": 2e8, "bytes_per_second": 1e8, "seconds": 0.6, "percent": 30.0, "hertz": 2.5e9, "watts": 80.0}
"""Of a gauge, or of a counter's growth a second, by unit; everything else counts in hundred thousands."""
OTHERS = 1e5
LEVELS = {"numa_node": ("0", "1"), "node": ("0", "1"), "socket": ("0", "1"), "cpu": ("0", "1")}
"""Values of levels by name; every other level has one."""

MANY_TASKS = 100

_Kind = tuple[Value, bool, int, int]
"""What is multiplied, whether it counts, and the numbers of task (-1: the machine) and metric."""

Reading = Callable[[int, int, int], float]
"""A factor on what a metric has: by number of the task, number of the metric, and step."""


def tasks(count: int, prefix: str = "task") -> list[Task]:
    """So many tasks as an orchestrator's discoverer gives them: half of them ask for their resources."""
    return [_task(number, prefix) for number in range(count)]


def _task(number: int, prefix: str) -> Task:
    name = f"{prefix}-{number}"
    resources: dict[str, float | str] = {"cpus": 0.5 + number % 3, "mem": 2e8 + 1e6 * number} if number % 2 else {}
    labels = {"app": f"{prefix}-app-{number % 3}", "tier": "best-effort" if number % 3 else "latency-critical"}
    return make_task(f"/{name}", task_id=name, name=name, labels=labels, resources=resources)


@cache
def described_by_all() -> tuple[Described, ...]:
    """What everything installed says that it yields."""
    return tuple(described()[0])


@cache
def known_metrics() -> tuple[Metric, ...]:
    """The same, each name once."""
    return tuple({one.metric.name: one.metric for one in described_by_all()}.values())


@dataclass
class Scene:
    """The samples of some tasks, step by step."""

    tasks: Sequence[Task]
    reading: Reading = field(default_factory=lambda: quiet)
    without: frozenset[str] = frozenset()
    """Names of metrics that nobody measures here: those of the plugin that is examined."""
    _columns: tuple[list[Series], tuple[_Kind, ...]] | None = None

    def samples(self, step: int) -> Samples:
        """In every step the very same list of series, as the agent has it while the tasks stay the same."""
        if self._columns is None:
            self._columns = self._series(), _kinds(len(self.tasks), self.without)
        series, kinds = self._columns
        if self.reading is quiet:
            return Samples(series, [scale * (step + 1) if is_counter else scale for scale, is_counter, _, _ in kinds])
        return Samples(series, [self._value(kind, step) for kind in kinds])

    def _value(self, kind: _Kind, step: int) -> Value:
        scale, is_counter, task, metric = kind
        value = scale * self.reading(task, metric, step)
        return int(value * (step + 1)) if is_counter else value

    def _series(self) -> list[Series]:
        machine: tuple[Task | None, ...] = (None,)
        return [
            metric.series_at(owner, values)
            for metric, levels in _measured(self.without, _are_many(len(self.tasks)))
            for owner in (self.tasks if metric.granularity == "task" else machine)
            for values in levels
        ]


@cache
def _measured(without: frozenset[str], are_many: bool) -> tuple[tuple[Metric, tuple[tuple[str, ...], ...]], ...]:
    """The metrics, and at which levels: of very many tasks one, as more of the same would only take time."""
    values = {level: LEVELS.get(level, ("one",)) for metric in known_metrics() for level in metric.levels}
    return tuple(
        (metric, tuple(product(*(values[level][:1] if are_many else values[level] for level in metric.levels))))
        for metric in known_metrics()
        if metric.name not in without
    )


@lru_cache(maxsize=8)
def _kinds(tasks: int, without: frozenset[str]) -> tuple[_Kind, ...]:
    """Of each series of so many tasks, in the order in which a scene has them."""
    chance = random.Random(SEED)
    found: list[_Kind] = []
    for place, (metric, levels) in enumerate(_measured(without, _are_many(tasks))):
        is_counter, scale = metric.type is MetricType.COUNTER, SCALES.get(metric.unit, OTHERS)
        for number in range(tasks) if metric.granularity == "task" else (-1,):
            own = scale * chance.uniform(0.8, 1.2)
            found += [(int(own) + 1 if is_counter else own, is_counter, number, place)] * len(levels)
    return tuple(found)


def _are_many(tasks: int) -> bool:
    return tasks >= MANY_TASKS


def quiet(task: int, metric: int, step: int) -> float:
    """Everything goes on evenly."""
    return 1.0


def disturbed(task: int, metric: int, step: int) -> float:
    """After three even steps the first task, and the machine, get far more of some things and less of others."""
    if step < 3 or task > 0:
        return 1.0 + 0.001 * ((step + task) % 3)
    return 8.0 + step if metric % 2 else 0.1


def all_zero(task: int, metric: int, step: int) -> float:
    """Nothing is ever measured but zeros: an idle machine."""
    return 0.0


def huge(task: int, metric: int, step: int) -> float:
    """Numbers as large as a float can just add up."""
    return 1e290


def restarted(task: int, metric: int, step: int) -> float:
    """Every third step all counters begin again."""
    return 1.0 if step % 3 else 0.001


ODD_TEXTS: Mapping[str, str] = {
    "umlauts": "Überlänge größer ß",
    "letters of other scripts": "задача-任务-مهمة",
    "a symbol of four bytes": "🦀",
    "quotes": 'it\'s "quoted" and \\backslashed\\',
    "a line feed": "two\nlines\r\n",
    "nothing": "",
    "blanks": "   ",
    "braces": '{a="b"} %s %(a)s {0} $HOME',
    "a control character": "\x00\x1b[31m",
    "half of a surrogate pair, as names of cgroups that are no UTF-8 have": "\udcff",
    "very much": "x" * 5000,
}


def odd_tasks() -> list[Task]:
    """A task for each odd text, which is its id, its name, and a label."""
    return [
        make_task(f"/odd-{number}", task_id=text or "?", name=text, labels={"odd": text, "app": text})
        for number, text in enumerate(ODD_TEXTS.values())
    ]
