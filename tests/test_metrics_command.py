"""`wca metrics`: what is described is what the catalogue of the metrics says, and what is yielded is described."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.command import wca
from wca_core.metric_catalogue import Described, described

CATALOGUE = Path(__file__).parent / "catalogue.csv"
"""Names, types, units and levels of all metrics, from the specification of the project."""


def catalogue() -> dict[str, dict[str, str]]:
    with CATALOGUE.open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def levels(text: str) -> set[str]:
    """The levels of a row of the catalogue; those in brackets are there with an option only."""
    return {level.strip().strip("[]") for level in re.split("[,;]", text.replace("-", "")) if level.strip().strip("[]")}


MEASURED = [one for one in described()[0] if one.metric.name in catalogue()]
"""The others are specified elsewhere: what the agent, detectors and allocators say about themselves."""


@pytest.mark.parametrize("one", MEASURED, ids=lambda one: one.metric.name)
def test_a_metric_is_described_as_in_the_catalogue(one: Described) -> None:
    row = catalogue()[one.metric.name]

    assert (one.metric.type.value, one.metric.unit) == (row["type"], row["unit"])
    assert set(one.metric.levels) <= levels(row["levels"]) or row["name"].startswith("wca_")


def test_a_metric_that_several_plugins_yield_is_one_description() -> None:
    by_name: dict[str, set[int]] = {}
    for one in described()[0]:
        by_name.setdefault(one.metric.name, set()).add(id(one.metric))

    assert [name for name, descriptions in by_name.items() if len(descriptions) > 1] == []


def test_every_plugin_of_the_project_can_be_asked() -> None:
    assert described()[1] == []


def test_the_command_prints_a_line_for_each_metric() -> None:
    printed = wca("metrics", "task_cpu_*")

    assert (printed.returncode, printed.stderr) == (0, "")
    assert "task_cpu_usage_seconds" in printed.stdout
    assert "task_mem" not in printed.stdout


def test_the_command_prints_json() -> None:
    (found,) = json.loads(wca("metrics", "task_mem_numa_bytes", "--json").stdout)

    assert (found["levels"], found["unit"], found["plugin"]) == (["numa_node"], "bytes", "cgroup")
