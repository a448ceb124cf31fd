"""The short form of `python -m tests.churn`: what must hold on any machine, however slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cgroups import real_cgroups_or_skip
from tests.churn import Plan, run_churn

pytestmark = [pytest.mark.root, pytest.mark.vm]


def test_cgroups_that_come_and_go_never_cost_the_others_a_step(tmp_path: Path) -> None:
    plan = Plan(total=500, most_alive=60, survivors=5, warm_up=50)
    with real_cgroups_or_skip() as cgroups:
        figures = run_churn(plan, cgroups, tmp_path)

    assert figures.faults == []
    assert figures.made == 500
    assert figures.steps > 20
    assert figures.after.open_files == figures.before.open_files
