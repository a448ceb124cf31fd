"""What is looked at before plugins start."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from wca_core import Metric, Requirement, StartError, counter, gauge, hookimpl, plugin
from wca_core.testing import Machine, run_step


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Needy:
    requirement: Requirement
    started: bool = False

    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [self.requirement]

    @hookimpl
    def start(self) -> None:
        self.started = True


def needs(*, is_met: bool, required: bool = True) -> Requirement:
    return Requirement(need="a flux compensator", is_met=lambda _: is_met, cure="buy one", required=required)


def test_what_is_required_and_missing_refuses_the_start_before_any_plugin_starts(tmp_path: Path) -> None:
    needy = Needy(requirement=needs(is_met=False))

    with pytest.raises(StartError, match=r"needy needs a flux compensator \(buy one\)"):
        run_step(Machine(tmp_path), [needy])

    assert not needy.started


@pytest.mark.parametrize("requirement", [needs(is_met=True), needs(is_met=False, required=False)])
def test_what_is_there_or_not_required_does_not(tmp_path: Path, requirement: Requirement) -> None:
    needy = Needy(requirement=requirement)

    run_step(Machine(tmp_path), [needy])

    assert needy.started


def test_a_check_that_raises_counts_as_not_met(tmp_path: Path) -> None:
    broken = Requirement(need="luck", is_met=lambda _: bool(1 // 0), cure="wait")

    with pytest.raises(StartError, match="needs luck"):
        run_step(Machine(tmp_path), [Needy(requirement=broken)])


def test_two_plugins_that_describe_one_metric_differently_are_refused(tmp_path: Path) -> None:
    @plugin(api=1)
    class First:
        @hookimpl
        def describe_metrics(self) -> list[Metric]:
            return [Metric("acme_x", "X.", gauge)]

    @plugin(api=1)
    class Second:
        @hookimpl
        def describe_metrics(self) -> list[Metric]:
            return [Metric("acme_x", "X.", counter)]

    with pytest.raises(StartError, match="first and second describe the metric acme_x differently"):
        run_step(Machine(tmp_path), [First(), Second()])
