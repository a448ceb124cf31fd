"""`/proc/pressure/*` and `*.pressure`: a string in, stalls out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.pressure import Stall, parse_pressure

SHARES = st.integers(0, 10000).map(lambda hundredths: hundredths / 100)
STALLS = st.tuples(SHARES, SHARES, SHARES, st.integers(0, 2**64))


def written(stalls: dict[str, Stall]) -> bytes:
    """As the kernel prints it."""
    line = "{} avg10={:.2f} avg60={:.2f} avg300={:.2f} total={}\n"
    return "".join(line.format(kind, *stall) for kind, stall in stalls.items()).encode()


def test_averages_are_percent_and_the_total_is_microseconds() -> None:
    found = parse_pressure(b"some avg10=1.44 avg60=0.26 avg300=0.05 total=224848\n")

    assert found == {"some": (1.44, 0.26, 0.05, 224848)}


@given(st.dictionaries(st.sampled_from(["some", "full"]), STALLS, min_size=1))
def test_parsing_gives_back_what_was_written(stalls: dict[str, Stall]) -> None:
    assert parse_pressure(written(stalls)) == stalls


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"some\n",
        b"some avg10=0.00 avg60=0.00 avg300=0.00 total=0",
        b"most avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        b"some avg10=nan avg60=0.00 avg300=0.00 total=0\n",
        b"some avg10=0.00 avg60=0.00 avg300=0.00 total=-1\n",
        b"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nnonsense\n",
    ],
)
def test_another_form_is_told_with_its_beginning(text: bytes) -> None:
    with pytest.raises(ValueError, match="lines like 'some avg10="):
        parse_pressure(text)


@given(st.binary() | st.text("somefulavgtt0123. =\n").map(str.encode))
def test_no_text_at_all_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_pressure(text)
