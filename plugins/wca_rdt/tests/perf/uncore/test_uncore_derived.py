"""What follows from counts, in numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some
from wca_rdt.perf.uncore import descriptions as metrics
from wca_rdt.perf.uncore.derived import Moment, derived

from wca_core.model.metric import Metric

Counts = dict[Metric, int]
NAMES = [metric.name for metric in metrics.DERIVED]


def between(before: Counts, now: Counts, seconds: float = 1.0) -> dict[str, float]:
    """The derived metrics of one PMU."""
    found = derived({(0, 17): Moment(10.0, before)}, {(0, 17): Moment(10.0 + seconds, now)})
    return {sample.name: sample.value for sample in found}


def grown(seconds: float = 1.0, **counts: int) -> dict[str, float]:
    now = {getattr(metrics, name): count for name, count in counts.items()}
    return between(dict.fromkeys(now, 0), now, seconds)


def test_lines_read_are_bytes_a_second() -> None:
    assert grown(2.0, CAS_READS=1_000_000) == {"platform_dram_reads_bytes_per_second": 32_000_000}


def test_the_total_needs_both_directions_and_each_of_them_only_itself() -> None:
    assert grown(CAS_WRITES=10) == {"platform_dram_writes_bytes_per_second": 640}
    assert grown(CAS_READS=5, CAS_WRITES=10)["platform_dram_total_bytes_per_second"] == 960
    assert grown(PMM_READS=5, PMM_WRITES=10) == {
        "platform_pmm_reads_bytes_per_second": 320,
        "platform_pmm_writes_bytes_per_second": 640,
        "platform_pmm_total_bytes_per_second": 960,
    }


def test_accesses_that_cannot_be_told_apart_give_the_total_alone() -> None:
    assert grown(DRAM_ACCESSES=10) == {"platform_dram_total_bytes_per_second": 640}


def test_nine_flits_are_a_line() -> None:
    assert grown(UPI_RXL_FLITS=900, UPI_TXL_FLITS=900) == {"platform_upi_bandwidth_bytes_per_second": 12_800}
    assert grown(UPI_RXL_FLITS=900) == {}


def test_the_hit_ratio_is_the_share_of_dram() -> None:
    gigabyte = 1_000_000_000 // 64
    found = grown(CAS_READS=2 * gigabyte, CAS_WRITES=gigabyte, PMM_READS=gigabyte, PMM_WRITES=0)

    assert found["platform_dram_hit_ratio"] == 0.75
    assert "platform_dram_hit_ratio" not in grown(CAS_READS=0, CAS_WRITES=0, PMM_READS=0, PMM_WRITES=0)
    assert "platform_dram_hit_ratio" not in grown(CAS_READS=1, CAS_WRITES=1, PMM_READS=1)


def test_the_latency_of_two_channels_is_that_of_their_clock() -> None:
    now = {metrics.RPQ_OCCUPANCY: 6_000_000, metrics.RPQ_INSERTS: 100_000, metrics.CLOCKTICKS: 1_200_000_000}
    before = dict.fromkeys(now, 0)
    keys = [(0, 17), (0, 18)]

    found = list(derived(dict.fromkeys(keys, Moment(10.0, before)), dict.fromkeys(keys, Moment(11.0, now))))

    assert [(sample.name, sample.labels) for sample in found] == [
        ("platform_rpq_read_latency_seconds", {"socket": "0"})
    ]
    assert abs(found[0].value - 50e-9) < 1e-15


def test_the_latency_does_not_depend_on_how_long_a_step_is() -> None:
    short = grown(1.0, RPQ_OCCUPANCY=6_000, RPQ_INSERTS=100, CLOCKTICKS=1_200_000_000)
    long = grown(3.0, RPQ_OCCUPANCY=18_000, RPQ_INSERTS=300, CLOCKTICKS=3_600_000_000)

    assert abs(short["platform_rpq_read_latency_seconds"] - long["platform_rpq_read_latency_seconds"]) < 1e-15


def test_without_reads_there_is_no_latency() -> None:
    assert grown(RPQ_OCCUPANCY=0, RPQ_INSERTS=0, CLOCKTICKS=5) == {}
    assert grown(RPQ_OCCUPANCY=5, RPQ_INSERTS=5, CLOCKTICKS=0) == {}
    assert grown(RPQ_OCCUPANCY=5, RPQ_INSERTS=5) == {}


def test_what_has_fallen_or_is_only_on_one_side_is_left_out() -> None:
    assert between({metrics.CAS_READS: 5}, {metrics.CAS_READS: 4, metrics.CAS_WRITES: 3}) == {}
    assert list(derived({}, {(0, 17): Moment(11.0, {metrics.CAS_READS: 4})})) == []
    assert grown(0.0, CAS_READS=5) == {}


_COUNTS = some.dictionaries(some.sampled_from([*metrics.PREDEFINED.values()]), some.integers(0, 2**64))


@given(_COUNTS, _COUNTS, some.floats(-1, 100))
def test_any_counts_give_finite_numbers_that_are_not_negative(before: Counts, now: Counts, seconds: float) -> None:
    found = between(before, now, seconds)

    assert found.keys() <= {*NAMES}
    assert all(0 <= value < float("inf") for value in found.values())
    assert found.get("platform_dram_hit_ratio", 0) <= 1
