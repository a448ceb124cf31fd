"""Guard rails clamp or refuse: each of them, and what they let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.enforcement.bounds import Surroundings
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.enforcement.ids import canonical, ids_of
from wca_core.enforcement.rails import Rails
from wca_core.errors import ConfigurationError
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.rdt_allocation import RDTAllocation, parse_line
from wca_core.model.task import Task
from wca_core.model.write import Change
from wca_core.testing import make_task

BEST_EFFORT = {"app_kubernetes_io__qos_class": "besteffort"}
ONLINE = tuple(range(8))


def held(
    rails: GuardRails,
    kind: str,
    value: object,
    in_force: object = None,
    task: Task | None = None,
    surroundings: Surroundings | None = None,
) -> object:
    """The value that is left of a wish, or the reason of its refusal in a list."""
    task = task or make_task("/a")
    type_of = AllocationType(kind)
    old = None if in_force is None else Allocation(task.task_id, type_of, in_force)
    change = Change(task, Allocation(task.task_id, type_of, value), old)
    found = Rails(rails).held(change, surroundings or Surroundings(online_cpus=ONLINE))
    assert isinstance(found, Refusal) or found is change.wanted or found.value is not value
    return [found.reason] if isinstance(found, Refusal) else found.value


def is_refused(found: object, rail: str) -> bool:
    return isinstance(found, list) and f"guard rail {rail}" in found[0]


# -- who and what may be changed at all ----------------------------------------------------------


@pytest.mark.parametrize(
    ("rails", "kind", "task", "rail"),
    [
        (GuardRails(protected_tasks="tier=1"), "cpu_quota", make_task("/a", labels={"tier": "1"}), "protected_tasks"),
        (GuardRails(allowed_types=[AllocationType.RDT]), "cpu_quota", make_task("/a"), "allowed_types"),
        (GuardRails(allowed_types=[]), "rdt", make_task("/a"), "allowed_types"),
        (GuardRails(allowed_namespaces=["batch"]), "cpu_quota", make_task("/a"), "allowed_namespaces"),
        (
            GuardRails(allowed_namespaces=["batch"]),
            "cpu_quota",
            make_task("/a", name="web/x", labels=BEST_EFFORT),
            "allowed_namespaces",
        ),
        (
            GuardRails(skip_cpu_manager_pods=True),
            "cpuset_cpus",
            make_task("/a", labels={"app_kubernetes_io__qos_class": "guaranteed"}, resources={"requests_cpu": 2.0}),
            "skip_cpu_manager_pods",
        ),
    ],
)
def test_what_is_forbidden_is_refused_whatever_the_value(rails: GuardRails, kind: str, task: Task, rail: str) -> None:
    assert is_refused(held(rails, kind, 1, task=task), rail)


@pytest.mark.parametrize(
    ("rails", "kind", "task"),
    [
        (GuardRails(protected_tasks="tier=1"), "cpu_quota", make_task("/a", labels={"tier": "2"})),
        (GuardRails(allowed_types=[AllocationType.CPU_QUOTA]), "cpu_quota", make_task("/a")),
        (GuardRails(allowed_namespaces=["web"]), "cpu_quota", make_task("/a", name="web/x", labels=BEST_EFFORT)),
        (
            GuardRails(skip_cpu_manager_pods=True),
            "cpu_quota",
            make_task("/a", labels={"app_kubernetes_io__qos_class": "guaranteed"}, resources={"requests_cpu": 2.0}),
        ),
        (
            GuardRails(skip_cpu_manager_pods=True),
            "cpuset_cpus",
            make_task("/a", labels={"app_kubernetes_io__qos_class": "guaranteed"}, resources={"requests_cpu": 1.5}),
        ),
    ],
)
def test_what_is_permitted_stays_as_it_is(rails: GuardRails, kind: str, task: Task) -> None:
    assert held(rails, kind, "1" if kind == "cpuset_cpus" else 1, task=task) in ("1", 1)


# -- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rails", "wanted", "in_force", "found"),
    [
        (GuardRails(min_cpu_quota=0.1), 0.05, 1.0, 0.1),
        (GuardRails(min_cpu_quota=0.1), 0.2, 1.0, 0.2),
        (GuardRails(max_cpu_quota_step=0.2), 0.1, 1.0, 0.8),
        (GuardRails(max_cpu_quota_step=0.2), 1.0, 0.5, 0.7),
        (GuardRails(max_cpu_quota_step=0.2), 0.6, 0.5, 0.6),
        (GuardRails(min_cpu_quota=0.5, max_cpu_quota_step=0.1), 0.5, 0.2, pytest.approx(0.3)),
    ],
)
def test_a_quota_is_clamped(rails: GuardRails, wanted: float, in_force: float, found: float) -> None:
    assert held(rails, "cpu_quota", wanted, in_force) == found


def test_a_step_from_an_unknown_quota_is_refused() -> None:
    assert is_refused(held(GuardRails(max_cpu_quota_step=0.2), "cpu_quota", 0.5), "max_cpu_quota_step")


RESERVED = GuardRails(reserved_cpus="0-1", best_effort="app_kubernetes_io__qos_class=besteffort")


@pytest.mark.parametrize(("wanted", "found"), [("0-3", "2,3"), ([1, 5], "5"), ("2-3", "2-3"), ("", "2,3,4,5,6,7")])
def test_reserved_cpus_are_kept_from_best_effort_tasks(wanted: object, found: str) -> None:
    assert held(RESERVED, "cpuset_cpus", wanted, task=make_task("/a", labels=BEST_EFFORT)) == found
    assert held(RESERVED, "cpuset_cpus", "0-1", task=make_task("/b")) == "0-1"


def test_a_best_effort_task_on_reserved_cpus_only_is_refused() -> None:
    assert is_refused(held(RESERVED, "cpuset_cpus", "1", task=make_task("/a", labels=BEST_EFFORT)), "reserved_cpus")


@pytest.mark.parametrize(
    ("wanted", "in_force", "found"), [("4", "5-7", "4,5,6"), ("4", None, "0,1,4"), ("0-2", "0", "0-2"), ("", "0", "")]
)
def test_a_task_has_enough_cpus_its_own_first(wanted: str, in_force: str | None, found: str) -> None:
    assert held(GuardRails(min_cpus_per_task=3), "cpuset_cpus", wanted, in_force) == found


def test_more_cpus_than_there_are_cannot_be_given() -> None:
    assert is_refused(held(GuardRails(min_cpus_per_task=9), "cpuset_cpus", "0"), "min_cpus_per_task")


def test_cache_ways_grow_downwards_first_and_bandwidth_up_to_the_least() -> None:
    rails = GuardRails(min_llc_ways=3, min_mb=20)

    found = held(rails, "rdt", RDTAllocation("be", "L3:0=100;1=1;2=ff", "MB:0=10;1=30"))

    assert found == RDTAllocation("be", "L3:0=1c0;1=7;2=ff", "MB:0=20;1=30")
    assert held(rails, "rdt", RDTAllocation("be")) == RDTAllocation("be")


def test_memory_high_stays_above_what_is_used() -> None:
    used = Surroundings(memory=lambda: 1000.0, memory_usage=lambda task: 300.5)
    rails = GuardRails(memory_high_min_ratio=1.5)

    assert held(rails, "memory_high", 100, surroundings=used) == 451
    assert held(rails, "memory_high", 0.3, surroundings=used) == 451
    assert held(rails, "memory_high", 0.9, surroundings=used) == 0.9
    assert held(rails, "memory_high", "max", surroundings=used) == "max"
    assert is_refused(held(rails, "memory_high", 100), "memory_high_min_ratio")


@pytest.mark.parametrize(
    ("rails", "kind", "value", "in_force"),
    [
        ({"min_cpu_quota": 0.1}, "cpu_quota", 0.05, 1.0),
        ({"max_cpu_quota_step": 0.1}, "cpu_quota", 0.05, 1.0),
        ({"min_cpus_per_task": 2}, "cpuset_cpus", "1", "1"),
        ({"min_llc_ways": 2}, "rdt", RDTAllocation(l3="L3:0=1"), None),
        ({"min_mb": 20}, "rdt", RDTAllocation(mb="MB:0=10"), None),
    ],
)
def test_a_rail_that_refuses_drops_what_it_would_clamp(
    rails: dict[str, float], kind: str, value: object, in_force: object
) -> None:
    (name,) = rails

    refusing = GuardRails(**rails, actions={name: "refuse"})  # type: ignore[arg-type,dict-item]

    assert is_refused(held(refusing, kind, value, in_force), name)


def test_rails_that_make_no_sense_are_refused_at_once() -> None:
    for wrong in ({"reserved_cpus": "0"}, {"reserved_cpus": "3-1", "best_effort": "a"}, {"protected_tasks": "a b"}):
        with pytest.raises(ConfigurationError, match=r"reserved_cpus|protected_tasks"):
            GuardRails(**wrong)  # type: ignore[arg-type]


# -- never a value through that violates a rail --------------------------------------------------

UNIT = st.floats(0, 1, allow_nan=False)


@given(UNIT, UNIT, UNIT, UNIT)
def test_no_quota_gets_past_the_floor_and_the_step(floor: float, step: float, wanted: float, in_force: float) -> None:
    found = held(GuardRails(min_cpu_quota=floor, max_cpu_quota_step=step), "cpu_quota", wanted, in_force)

    assert isinstance(found, int | float)
    assert abs(found - in_force) <= step + 1e-12
    assert found >= floor or found >= in_force


@given(
    st.frozensets(st.sampled_from(ONLINE)),
    st.frozensets(st.sampled_from(ONLINE), min_size=1),
    st.frozensets(st.sampled_from(ONLINE)),
    st.integers(1, 8),
)
def test_no_best_effort_task_gets_a_reserved_cpu_or_too_few(
    wanted: frozenset[int], has: frozenset[int], reserved: frozenset[int], least: int
) -> None:
    rails = GuardRails(
        reserved_cpus=canonical(reserved), best_effort="app_kubernetes_io__qos_class", min_cpus_per_task=least
    )

    found = held(rails, "cpuset_cpus", canonical(wanted), canonical(has), make_task("/a", labels=BEST_EFFORT))

    if not isinstance(found, list):
        assert not ids_of(found) & reserved
        assert len(ids_of(found)) >= least


@given(st.lists(st.integers(1, 0xFFF), min_size=1, max_size=3), st.integers(1, 12))
def test_no_mask_has_too_few_ways_and_none_loses_one(masks: list[int], least: int) -> None:
    line = "L3:" + ";".join(f"{domain}={mask:x}" for domain, mask in enumerate(masks))

    found = held(GuardRails(min_llc_ways=least), "rdt", RDTAllocation(l3=line))

    assert isinstance(found, RDTAllocation)
    assert found.l3 is not None
    for domain, text in parse_line("l3", found.l3).items():
        mask = int(text, 16)
        assert mask.bit_count() >= least
        assert mask & masks[domain] == masks[domain]
        assert mask < 1 << 12


@given(st.integers(1, 0xFFF), st.integers(1, 12))
def test_a_contiguous_mask_stays_contiguous(length: int, least: int) -> None:
    mask = ((1 << (length % 12 + 1)) - 1) << (length % 5)

    found = held(GuardRails(min_llc_ways=least), "rdt", RDTAllocation(l3=f"L3:0={mask:x}"))

    assert isinstance(found, RDTAllocation)
    text = f"{int(parse_line('l3', found.l3 or '')[0], 16):b}".strip("0")
    assert "0" not in text
