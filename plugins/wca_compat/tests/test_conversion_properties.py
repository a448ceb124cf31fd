"""Whatever an older component returns costs at most its own output, and only good things come through."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from wca_compat.adapting import adapted_class
from wca_compat.allocations import AllocationType
from wca_compat.anomalies import Anomaly, ContendedResource, ContentionAnomaly
from wca_compat.metrics import Metric
from wca_compat.samples import SampleMaker, number_of
from wca_compat.wishes import UnknownAllocation

from wca_core import Allocation, ContractError, Sample, Samples, Snapshot, Task
from wca_core.anomalies import AnomalyLog
from wca_core.exposition import Page
from wca_core.model.anomaly import Anomaly as Finding
from wca_core.model.metric import are_plain_numbers
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.plugin_api import call_hook

TASK = Task(task_id="t1", name="t1", cgroup_path="/t1")


class Hostile:
    """Raises whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__dict__"):
            return object.__getattribute__(self, name)
        raise ZeroDivisionError(name)

    def __iter__(self) -> Any:
        raise SystemExit(4)

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError("eq")

    def __repr__(self) -> str:
        raise ZeroDivisionError("repr")


class Unruly(Anomaly):
    """Its metrics are anything."""

    def __init__(self, metrics: object) -> None:
        self.metrics = metrics

    def generate_metrics(self) -> Any:
        return self.metrics


class Scalar:
    """As numpy has them."""

    shape = ()

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**400, 10**401), st.floats(), st.text(max_size=5),
    st.binary(max_size=3), st.decimals(), st.fractions(), st.builds(Hostile), st.builds(object), st.just(Metric),
    st.sampled_from([*ContendedResource, *AllocationType]), st.builds(Scalar, st.floats() | st.text(max_size=2)),
)  # fmt: skip
keys = st.text(max_size=5) | st.integers() | st.sampled_from([*AllocationType, "t1", "cpu_quota", "task_up"])
anything = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.tuples(inner, inner, inner)
        | st.builds(iter, st.lists(inner, max_size=2))
    ),
    max_leaves=6,
)
names = st.sampled_from(["a", "b", "task_up", "bad name"])
labels = st.dictionaries(st.sampled_from(["x", "y", "a-b", "__z"]), st.text(max_size=3) | st.integers(), max_size=2)
metrics = st.builds(
    Metric,
    names | atoms,
    st.floats() | st.integers() | anything,
    labels | st.none() | anything,
    type=st.sampled_from(["gauge", "counter", None]) | atoms,
    help=st.text(max_size=3) | atoms,
    unit=st.sampled_from(["bytes", None]) | atoms,
)
anomalies = st.one_of(
    st.builds(
        ContentionAnomaly,
        st.sampled_from([*ContendedResource, "cache"]) | atoms,
        st.sampled_from(["t1", "other"]) | atoms,
        st.lists(st.sampled_from(["t1", "t2"]), max_size=3) | anything,
        st.lists(metrics, max_size=2) | anything,
    ),
    st.builds(Unruly, st.lists(metrics, max_size=2) | anything),
)
values = st.floats(0, 1) | st.just(RDTAllocation(l3="L3:0=f")) | st.lists(st.integers(0, 3)) | anything
allocations = st.dictionaries(st.sampled_from(["t1", "t2"]), st.dictionaries(keys, values, max_size=3), max_size=2)
outputs = anything | st.tuples(st.lists(anomalies, max_size=2) | anything, st.lists(metrics, max_size=4) | anything)
wishes = anything | st.tuples(
    allocations | anything, st.lists(anomalies, max_size=1) | anything, st.lists(metrics, max_size=2) | anything
)


class Detector:
    """Returns what it is given."""

    def __init__(self, output: object) -> None:
        self.output = output

    def detect(self, platform: object, tasks_data: object) -> object:
        return self.output


class Allocator(Detector):
    """Allocates too."""

    def allocate(self, platform: object, a: object, b: object, c: object, d: object) -> object:
        return self.output


def called(cls: type[Detector], hook: str, output: object) -> list[Any]:
    """What comes through; nothing if the output failed."""
    adapter = adapted_class(cls)
    assert adapter is not None
    snapshot = Snapshot(now=1.0, tasks=[TASK], samples=Samples())
    try:
        items = call_hook(adapter(cls(output)), hook, snapshot=snapshot, anomalies=())
    except Exception:  # noqa: BLE001  its own failed output
        return []
    assert isinstance(items, list)
    return items


def storable(items: list[Any]) -> bool:
    """Whether all of it can be encoded and written."""
    samples = [item for item in items if isinstance(item, Sample)]
    assert are_plain_numbers([sample.value for sample in samples])
    encoded = AnomalyLog().samples([item for item in items if isinstance(item, Finding)], [TASK], 1.0)
    Page({"host": "h"}).text(Samples.of([*samples, *encoded]))
    return all(type(text) is str for sample in samples for pair in sample.labels.items() for text in pair)


@given(outputs)
def test_whatever_a_detector_returns_only_what_can_be_stored_comes_through(output: object) -> None:
    items = called(Detector, "detect", output)

    assert all(isinstance(item, Sample | Finding) for item in items)
    assert storable(items)


@given(wishes)
def test_whatever_an_allocator_returns_only_wishes_and_what_can_be_stored_come_through(output: object) -> None:
    items = called(Allocator, "allocate", output)

    assert all(isinstance(item, Sample | Finding | Allocation | UnknownAllocation) for item in items)
    assert storable([item for item in items if isinstance(item, Sample | Finding)])


@given(st.lists(st.builds(Metric, st.sampled_from("ab"), st.floats(), labels, type=st.sampled_from([None, "counter"]))))
def test_every_good_metric_is_kept_and_nothing_else(given_metrics: list[Metric]) -> None:
    maker = SampleMaker("component")
    maker.begin({})

    samples = maker.samples(given_metrics)

    first: dict[str, object] = {}
    kept = []
    for metric in given_metrics:
        is_first = first.setdefault(metric.name, metric.type) == metric.type
        fits = all(name in ("x", "y") and isinstance(value, str) for name, value in metric.labels.items())
        kept += [(metric.name, metric.value)] if is_first and fits and math.isfinite(metric.value) else []
    assert [(sample.name, sample.value) for sample in samples] == kept


@given(st.lists(st.sampled_from("abc"), unique=True))
def test_the_same_metrics_are_the_same_series_step_after_step(labels: list[str]) -> None:
    maker = SampleMaker("component")
    given_metrics = [Metric("m", 1, {"x": label}) for label in labels]

    maker.begin({})
    before = [sample.series for sample in maker.samples(given_metrics)]
    maker.begin({})
    after = [sample.series for sample in maker.samples(given_metrics)]

    assert all(one is other for one, other in zip(before, after, strict=True))


@given(st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_any_kind_become_pythons_own(number: float) -> None:
    kinds = [number, Scalar(number), Decimal(number), Fraction(number)]

    assert [float(number_of(kind)) for kind in kinds] == [float(number)] * 4
    assert {type(number_of(kind)) for kind in kinds} <= {int, float}
    assert number_of(True) == 1


@given(atoms)
def test_what_is_no_number_is_refused(value: object) -> None:
    try:
        found = number_of(value)
    except (ContractError, ZeroDivisionError, OverflowError):
        return
    assert are_plain_numbers((found,))
