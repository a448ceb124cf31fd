"""Quantities: every suffix, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_k8s.quantity import FACTORS, parse_quantity


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("250m", 0.25),
        ("1Gi", 1073741824),
        ("2e9", 2000000000),
        ("2E3", 2000),
        ("1e-3", 0.001),
        ("128974848", 128974848),
        ("100M", 1e8),
        ("1k", 1000),
        ("1K", 1000),
        ("1E", 1e18),
        ("1Ei", 1024**6),
        ("3u", 3e-6),
        ("5n", 5e-9),
        ("128974848000m", 128974848),
        ("+1.5", 1.5),
        ("-1", -1),
        (".5", 0.5),
        ("5.", 5),
        ("0", 0),
        (2, 2),
        (0.5, 0.5),
        (1e16, 1e16),
    ],
)
def test_a_quantity_means_a_number(written: object, number: float) -> None:
    assert float(parse_quantity(written)) == number


@pytest.mark.parametrize("suffix", FACTORS)
def test_every_suffix_multiplies(suffix: str) -> None:
    assert parse_quantity(f"1.5{suffix}") == Decimal("1.5") * FACTORS[suffix]


def test_sums_are_exact_before_they_become_floats() -> None:
    assert float(parse_quantity("1500m") + parse_quantity("0.5")) == 2.0
    assert float(parse_quantity("100m") + parse_quantity("200m")) == 0.3  # 0.1 + 0.2 is not


@pytest.mark.parametrize(
    "odd",
    ["", " ", "1 ", " 1", "m", "1mm", "1ki", "1KI", "1e", "1e1.5", "1Em", "0x10", "1_000", "Inf", "NaN", "1e999999999",
     "٣", "1,5", "--1", "1" * 41, True, None, [], {}, float("nan"), float("inf")],
)  # fmt: skip
def test_anything_else_is_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="a quantity such as"):
        parse_quantity(odd)


@given(st.text(max_size=20) | st.floats() | st.integers() | st.none() | st.lists(st.text()))
def test_whatever_is_given_it_is_a_finite_number_or_refused(value: object) -> None:
    try:
        number = parse_quantity(value)
    except ValueError:
        return
    assert abs(float(number)) < 1e200


@given(st.decimals(min_value=0, max_value=10**12, places=3), st.sampled_from(sorted(FACTORS)))
def test_a_number_and_a_suffix_are_their_product(number: Decimal, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * FACTORS[suffix]
