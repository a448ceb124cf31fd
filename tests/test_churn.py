"""The short form of `python -m tests.churn`: what must hold on any machine, however slow. And its judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Trees, real_cgroups_or_skip
from tests.churn import Figures, Judge, Life, Plan, SeenStep, run_churn


@pytest.mark.root
@pytest.mark.vm
def test_cgroups_that_come_and_go_never_cost_the_others_a_step(tmp_path: Path) -> None:
    plan = Plan(total=500, most_alive=60, survivors=5, warm_up=50)
    with real_cgroups_or_skip() as cgroups:
        figures = run_churn(plan, cgroups, tmp_path)

    assert figures.faults == []
    assert figures.made == 500
    assert figures.checked > 200
    assert figures.after.open_files == figures.before.open_files


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ({"survivor": 9, "dying": 9, "young": 9}, []),
        ({"survivor": 9, "dying": 3}, []),
        ({"survivor": 9}, []),
        ({"dying": 9}, ["survivor has 0 lines of 9"]),
        ({"survivor": 8}, ["survivor has 8 lines of 9"]),
        ({"survivor": 9, "dead": 1}, ["dead is told of, but gone"]),
        ({"survivor": 9, "unborn": 9}, ["unborn is told of, but gone"]),
        ({"survivor": 9, "stranger": 9}, ["stranger is told of, but gone"]),
    ],
)
def test_a_step_is_judged_by_what_stood_there_since_the_step_before(lines: dict[str, int], faults: list[str]) -> None:
    figures = Figures()
    judge = Judge(figures)
    judge.lives += [
        life("survivor", 1, 2),
        life("dying", 1, 2, 10.5, 10.6),
        life("young", 10.1, 10.2),
        life("dead", 1, 2, 3, 4),
        life("unborn", 12, 13),
    ]

    judge.take(SeenStep(10.0, {"survivor": 9}, {}))
    judge.take(SeenStep(11.0, lines, {}))

    assert [fault.partition(": ")[2] for fault in figures.faults] == faults


def life(name: str, *times: float) -> Life:
    return Life(Cgroup(Trees(2, {}), f"/parent/{name}"), *times)
