"""What is unusual for a task, of made-up counters: one value a second."""

from __future__ import annotations

import pytest
from wca_core import History

from wca_cpi_detector.outlier import Growth, Rule, growth, judged

RULE = Rule(recent=5.0, deviations=3.0, rise=0.1, samples=20, cpus=0.25)


def counted(*steps: float) -> History:
    """A counter that grows by these."""
    total, moments = 0.0, [(0.0, 0.0)]
    for at, step in enumerate(steps, 1):
        total += step
        moments.append((float(at), total))
    return History(moments)


def cpi_of(*ratios: float) -> tuple[History, History]:
    return counted(*(ratio * 1000 for ratio in ratios)), counted(*(1000 for _ in ratios))


def busy(seconds: int, cpus: float = 1.0) -> History:
    return counted(*[cpus] * seconds)


EVEN = (1.0, 1.1) * 20


@pytest.mark.parametrize(
    ("recent", "is_outlier"),
    [((1.0,) * 6, False), ((1.1,) * 6, False), ((1.2,) * 6, False), ((1.3,) * 6, True), ((5.0,) * 6, True)],
)
def test_an_outlier_is_far_above_what_is_usual(recent: tuple[float, ...], is_outlier: bool) -> None:
    judgement = judged(*cpi_of(*EVEN, *recent), busy(46), RULE)

    assert judgement is not None
    assert judgement.usual == pytest.approx(1.05)
    assert judgement.limit == pytest.approx(1.05 + 3 * 0.0506, abs=0.01)
    assert judgement.is_outlier is is_outlier


def test_a_very_even_task_is_not_judged_by_its_noise() -> None:
    judgement = judged(*cpi_of(*[1.0] * 40, *[1.05] * 6), busy(46), RULE)

    assert judgement is not None
    assert judgement.limit == pytest.approx(1.1)
    assert not judgement.is_outlier


def test_a_task_is_not_judged_before_enough_is_known() -> None:
    cycles, instructions = cpi_of(*[1.0] * 22, *[9.0] * 2)

    assert judged(cycles, instructions, busy(24), RULE) is None
    assert judged(*cpi_of(*[1.0] * 30, *[9.0] * 6), busy(36), RULE) is not None


def test_a_task_that_hardly_runs_is_not_judged() -> None:
    assert judged(*cpi_of(*EVEN, *[9.0] * 6), busy(46, cpus=0.1), RULE) is None


def test_counters_that_start_anew_cost_their_moment_only() -> None:
    cycles, instructions = cpi_of(*EVEN, *[9.0] * 6)
    restarted = [
        History((moment.at, moment.value - (one[30].value if moment.at >= 30 else 0)) for moment in one)
        for one in (cycles, instructions)
    ]

    judgement = judged(restarted[0], restarted[1], busy(46), RULE)

    assert judgement is not None
    assert judgement.is_outlier


def test_growth_is_the_rate_now_against_the_rate_before() -> None:
    assert growth(counted(*[1.0] * 20, *[4.0] * 5), 5.0).rise == pytest.approx(3.0)
    assert growth(counted(*[4.0] * 3), 5.0) == Growth(now=4.0, before=0.0)
    assert growth(History(), 5.0).rise == 0.0


def test_a_lasting_disturbance_is_an_outlier_for_a_minute_and_then_usual() -> None:
    """As the README says of the defaults: so long an allocator has to act."""
    rule = Rule(recent=30.0, deviations=3.0, rise=0.1, samples=30, cpus=0.25)

    outliers = []
    for disturbed in range(300):
        ratios = [*EVEN * 8, *[2.0] * disturbed][-300:]
        judgement = judged(*cpi_of(*ratios), busy(len(ratios)), rule)
        assert judgement is not None
        if judgement.is_outlier:
            outliers.append(disturbed)

    assert outliers == list(range(outliers[0], outliers[-1] + 1))
    assert outliers[0] <= 6
    assert 50 < outliers[-1] < 70


def test_what_was_measured_last_a_while_ago_is_not_judged() -> None:
    cycles, instructions = cpi_of(*EVEN, *[9.0] * 6)
    stopped = [History(((moment.at, moment.value) for moment in one), end=120.0) for one in (cycles, instructions)]

    assert judged(stopped[0], stopped[1], busy(120), RULE) is None
