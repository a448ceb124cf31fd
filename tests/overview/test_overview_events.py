"""What happens is told once: a contention when it begins, an allocation when its value changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.model.metric import Metric, Samples, gauge
from wca_core.overview import Event, OverviewMaker
from wca_core.overview.event_log import KEPT
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, make_task, running

WEB = make_task("/web", name="web-1")
QUOTA = Metric("allocation_cpu_quota", "Quota.", gauge, levels=("allocation_type",))
DURATION = Metric("allocation_duration", "Duration.", gauge)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Finder:
    """Finds what the test says, step after step."""

    steps: list[list[Anomaly]]
    maker: OverviewMaker = field(default_factory=OverviewMaker)
    stores_locally = True

    @hookimpl
    def detect(self) -> list[Anomaly]:
        return self.steps.pop(0)

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.maker.add(samples, stream, 1000.0 - len(self.steps))


def events_of(tmp_path: Path, *steps: list[Anomaly]) -> list[Event]:
    finder = Finder(steps=list(steps))
    with running(Machine(tmp_path), [finder], [WEB]) as agent:
        for _ in steps:
            agent.step()
    overview = finder.maker.overview()
    assert overview is not None
    return list(overview.events)


def contention(*suspects: str, resource: ContendedResource = ContendedResource.LLC) -> Anomaly:
    return Anomaly(contended_task_id="/web", contending_task_ids=suspects, resource=resource)


def test_a_contention_is_told_when_it_begins_and_not_while_it_goes_on(tmp_path: Path) -> None:
    going_on = contention("/batch")

    events = events_of(tmp_path, [], [going_on], [going_on], [], [going_on])

    assert [event.time for event in events] == [997.0, 1000.0]
    assert events[0] == Event(time=997.0, kind="anomaly", text="web-1 suffers, cache: /batch", task_id="/web")


def test_a_further_contention_is_told_beside_one_that_goes_on(tmp_path: Path) -> None:
    events = events_of(tmp_path, [contention("/a")], [contention("/a"), contention("/b", "/c")])

    assert [event.text for event in events] == ["web-1 suffers, cache: /a", "web-1 suffers, cache: /b, /c"]


def test_a_contention_whose_cause_is_not_known_is_told_too(tmp_path: Path) -> None:
    unattributed = Anomaly(contended_task_id="/web", encode_unattributed=True, resource=ContendedResource.IO)

    assert [event.text for event in events_of(tmp_path, [unattributed])] == ["web-1 suffers, io"]


def quotas(values: Sequence[float]) -> Iterator[Samples]:
    for value in values:
        yield Samples.of([QUOTA.sample(value, WEB, allocation_type="cpu_quota"), DURATION.sample(value)])


def test_an_allocation_is_told_when_its_value_changes() -> None:
    maker = OverviewMaker()
    for number, samples in enumerate(quotas([1.0, 1.0, 0.25, 0.25])):
        maker.add(samples, "allocations", number)
    maker.add(Samples(), "metrics", 5)

    overview = maker.overview()

    assert overview is not None
    assert overview.events == (Event(time=2, kind="allocation", text="web-1: cpu_quota 1 → 0.25", task_id="/web"),)


def test_an_allocation_in_the_same_list_of_series_is_told_too() -> None:
    maker = OverviewMaker()
    first, second = quotas([1.0, 0.5])
    maker.add(first, "allocations", 1)
    maker.add(Samples(first.series, second.values), "allocations", 2)
    maker.add(Samples(), "metrics", 3)

    overview = maker.overview()

    assert overview is not None
    assert [event.text for event in overview.events] == ["web-1: cpu_quota 1 → 0.5"]


def test_only_the_last_events_are_kept() -> None:
    maker = OverviewMaker()
    for samples in quotas(range(2 * KEPT)):
        maker.add(samples, "allocations", 1)
    maker.add(Samples(), "metrics", 3)

    overview = maker.overview()

    assert overview is not None
    assert len(overview.events) == KEPT
    assert overview.events[-1].text == f"web-1: cpu_quota {2 * KEPT - 2} → {2 * KEPT - 1}"
