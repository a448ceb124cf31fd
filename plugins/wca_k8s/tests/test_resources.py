"""Requests and limits, summed up; the quality of service that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from wca_k8s.qos import QosClass, qos_class
from wca_k8s.resources import InitWants, Wants, effective_requests, resources_of, wants_of

ALL = {"cpu": "1", "memory": "1Gi"}


def wants(requests: Mapping[str, object] | None = None, limits: Mapping[str, object] | None = None) -> Wants:
    complaints: list[str] = []
    made = wants_of({"requests": requests, "limits": limits}, "container c", complaints)
    assert complaints == []
    return made


def test_amounts_are_summed_under_their_own_names_and_aliases() -> None:
    one = wants({"cpu": "1500m", "memory": "1Gi", "ephemeral-storage": "1k"}, {"cpu": "2"})

    assert resources_of([one, wants({"cpu": "0.5"}, {"cpu": "1"})]) == {
        "requests_cpu": 2.0,
        "requests_memory": 1073741824.0,
        "requests_ephemeral-storage": 1000.0,
        "limits_cpu": 3.0,
        "cpus": 2.0,
        "requests_cpus": 2.0,
        "mem": 1073741824.0,
        "requests_mem": 1073741824.0,
        "disk": 1000.0,
        "limits_cpus": 3.0,
        "limits_complete": 1.0,
    }


def test_a_pod_without_any_has_none() -> None:
    assert resources_of([wants(), wants()]) == {}


def test_limits_alone_give_no_aliases_of_requests() -> None:
    assert resources_of([wants(None, {"cpu": "1", "memory": "1"})]).keys() == {
        *("limits_cpu", "limits_cpus", "limits_memory", "limits_mem", "limits_complete")
    }


def test_limits_that_some_containers_lack_are_told_to_be_a_part() -> None:
    assert resources_of([wants(None, {"cpu": "1"}), wants()])["limits_complete"] == 0.0
    assert resources_of([wants(None, {"cpu": "1"}), wants(None, {"cpu": "1", "memory": "1"})])["limits_complete"] == 0.0


def test_other_resources_are_kept_under_their_own_names() -> None:
    found = resources_of([wants({"hugepages-2Mi": "4Mi", "vendor.com/gpu": "2"})])

    assert found == {"requests_hugepages-2Mi": 4194304.0, "requests_vendor.com/gpu": 2.0}


def test_a_malformed_amount_is_left_out_and_told() -> None:
    complaints: list[str] = []
    found = wants_of({"requests": {"cpu": "lots", "memory": "1"}, "limits": ["cpu"]}, "container c", complaints)

    assert found.requests == {"memory": Decimal(1)}
    assert complaints == [
        "container c: requests: 'cpu': a quantity such as 250m, 0.5, 1Gi or 2e9 expected, found 'lots'; it is left out"
    ]


@pytest.mark.parametrize(
    ("containers", "init", "overhead", "cpu"),
    [
        (["1", "2"], [], None, 3.0),
        (["1"], [("5", False)], None, 5.0),
        (["1"], [("2", True)], None, 3.0),
        (["1"], [("2", True), ("4", False)], None, 6.0),
        (["1"], [("4", False), ("2", True)], None, 4.0),
        (["1"], [("2", True), ("4", False), ("3", True)], None, 6.0),
        (["1"], [], "250m", 1.25),
        ([None], [("1", False)], None, 1.0),
    ],
)
def test_the_scheduler_reserves(
    containers: list[str | None], init: list[tuple[str, bool]], overhead: str | None, cpu: float
) -> None:
    found = effective_requests(
        [wants({"cpu": amount} if amount else None) for amount in containers],
        [InitWants(wants({"cpu": amount}), is_sidecar) for amount, is_sidecar in init],
        wants({"cpu": overhead}).requests if overhead else {},
    )

    assert found == {"effective_requests_cpu": cpu}


def test_nothing_is_reserved_where_nothing_is_requested() -> None:
    assert effective_requests([wants(None, {"cpu": "1"})], [], wants({"memory": "1Mi"}).requests) == {}


@pytest.mark.parametrize("told", ["Guaranteed", "Burstable", "BestEffort"])
def test_the_class_is_what_the_kubelet_says(told: str) -> None:
    assert qos_class(told, [], Wants()) == told.lower()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([wants(ALL, ALL), wants(None, ALL)], QosClass.GUARANTEED),
        ([wants(ALL, ALL), wants({"cpu": "1"}, ALL)], QosClass.GUARANTEED),
        ([wants(ALL, ALL), wants({"cpu": "500m"}, ALL)], QosClass.BURSTABLE),
        ([wants(ALL, ALL), wants()], QosClass.BURSTABLE),
        ([wants(None, {"cpu": "1"})], QosClass.BURSTABLE),
        ([wants({"memory": "1"})], QosClass.BURSTABLE),
        ([wants({"vendor.com/gpu": "1"}), wants({"cpu": "0"})], QosClass.BEST_EFFORT),
        ([wants()], QosClass.BEST_EFFORT),
        ([], QosClass.BEST_EFFORT),
    ],
)
@pytest.mark.parametrize("told", ["", "Wonderful"])
def test_else_it_follows_from_requests_and_limits(told: str, parts: list[Wants], expected: QosClass) -> None:
    assert qos_class(told, parts, Wants()) is expected


def test_resources_of_the_whole_pod_go_before_those_of_its_containers() -> None:
    assert qos_class("", [wants()], wants(ALL, ALL)) is QosClass.GUARANTEED
    assert qos_class("", [wants(ALL, ALL)], wants({"cpu": "1"})) is QosClass.BURSTABLE
