"""SLI, SLO and load: the table of the module, row by row."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper import Measurement
from wca_wrapper.service_level import ServiceLevel, quotient

from plugins.wca_wrapper.tests.captured import values

P99 = Measurement("app_p99", 640.0, {"parser": "own"})


def added(level: ServiceLevel, *found: Measurement) -> dict[str, float]:
    return values(level.added(found))


def test_an_update_with_the_sli_gets_its_objective_and_what_it_is_of_it() -> None:
    level = ServiceLevel(slo=800.0, sli_metric_name="app_p99")

    assert added(level, P99, Measurement("other", 1.0)) == {"sli": 640, "slo": 800, "sli_normalized": 0.8}


def test_an_update_without_the_sli_gets_nothing() -> None:
    level = ServiceLevel(slo=800.0, sli_metric_name="app_p99", load_metric_name="rate", peak_load=1.0)

    assert added(level, Measurement("other", 1.0)) == {}


def test_an_inverse_sli_is_one_by_the_value() -> None:
    level = ServiceLevel(slo=0.005, sli_metric_name="speed", is_inverse=True)

    assert added(level, Measurement("speed", 250.0)) == pytest.approx(
        {"sli": 0.004, "slo": 0.005, "sli_normalized": 0.8}
    )
    assert added(level, Measurement("speed", 0.0)) == {"sli": math.inf, "slo": 0.005, "sli_normalized": math.inf}


def test_without_an_objective_the_normalized_sli_is_zero() -> None:
    level = ServiceLevel(sli_metric_name="app_p99")

    assert added(level, P99) == {"sli": 640, "slo": math.inf, "sli_normalized": 0}


def test_a_load_is_compared_with_its_peak() -> None:
    level = ServiceLevel(load_metric_name="rate", peak_load=12000.0)

    assert added(level, Measurement("rate", 9000.0)) == {"load": 9000, "peak_load": 12000, "load_normalized": 0.75}


def test_a_constant_load_is_the_peak_in_every_update() -> None:
    level = ServiceLevel(load_metric_name="const", peak_load=7.0)

    assert added(level, Measurement("anything", 1.0)) == {"load": 7, "peak_load": 7, "load_normalized": 1}
    assert added(level) == {"load": 7, "peak_load": 7, "load_normalized": 1}


def test_what_is_added_has_the_configured_labels_and_tells_its_source() -> None:
    level = ServiceLevel(
        slo=1.0, sli_metric_name="app_p99", load_metric_name="app_p99", peak_load=1.0, labels={"a": "b"}
    )

    found = level.added([P99])

    assert {tuple(one.labels.items()) for one in found} == {(("a", "b"),)}
    assert all("app_p99" in one.help for one in found if "normalized" not in one.name or one.name.startswith("sli"))
    assert all(one.help for one in found)


def test_what_is_added_is_never_taken_for_a_measurement() -> None:
    level = ServiceLevel(slo=2.0, sli_metric_name="sli", load_metric_name="load", peak_load=1.0)

    assert added(level, Measurement("slo", 4.0)) == {}
    assert added(level, Measurement("sli", 4.0))["sli_normalized"] == 2


def test_every_match_counts_and_the_last_wins() -> None:
    level = ServiceLevel(slo=10.0, sli_metric_name="rps")

    found = level.added([Measurement("rps", 5.0, {"test": "set"}), Measurement("rps", 8.0, {"test": "get"})])

    assert [one.value for one in found if one.name == "sli"] == [5, 8]
    assert values(found)["sli"] == 8


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_quotient_is_never_not_a_number(dividend: float, divisor: float) -> None:
    assert not math.isnan(quotient(dividend, divisor))
