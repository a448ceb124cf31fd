"""Alerts and dashboards: right for Prometheus, of metrics that exist, with labels that they have."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.source.__main__ import DASHBOARDS
from deploy.grafana.source.grafana import WIDTH, as_grafana
from tests.deploy.places import DEPLOY, run
from wca_core.metric_catalogue import described

PROMETHEUS = DEPLOY / "prometheus"
GRAFANA = DEPLOY / "grafana"
RULES = [rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule["alert"] for rule in RULES]
METRICS = {one.metric.name: one.metric for one in described()[0]}
COMMON = {"host", "task_id", "task_name"}
"""Labels that every sample has, or every sample of a task."""

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each panel that asks something, with the file and title it has."""
    for file in sorted(GRAFANA.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            if panel["type"] != "row":
                yield f"{file.name}: {panel['title']}", panel


QUERIES = [(place, target["expr"]) for place, panel in panels() for target in panel["targets"]]
EXPRESSIONS = [*QUERIES, *[(rule["alert"], rule["expr"]) for rule in RULES]]


def filled_in(query: str) -> str:
    """A query of a panel as Grafana sends it."""
    return query.replace("$__rate_interval", "5m").replace("$host", "h").replace("$task", "t")


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics of an expression and the labels by which each is chosen."""
    bare = re.sub(r"\b(?:by|on|without|ignoring|unless|and|or|offset)\b(?: ?\([^)]*\))?", " ", expression)
    for name, braces in re.findall(r"\b([a-z_][a-z0-9_]*)\b(?!\()(\{[^}]*\})?", re.sub(r"\[[^]]*\]", "", bare)):
        if "_" in name or braces:
            yield name, set(re.findall(r"(\w+)=", braces))


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_what_is_asked_for_is_measured(place: str, expression: str) -> None:
    found = list(selectors(re.sub(r'"[^"]*"', '""', expression)))

    assert found
    for name, labels in found:
        assert name in METRICS
        assert labels <= {*METRICS[name].levels, *COMMON}
    grouped = {
        label.strip() for text in re.findall(r"\b(?:by|on) ?\(([^)]*)\)", expression) for label in text.split(",")
    }
    assert grouped <= {level for name, _ in found for level in METRICS[name].levels} | COMMON


def test_a_metric_that_does_not_exist_would_be_noticed() -> None:
    found = dict(selectors('sum by (host) (rate(task_nonsense{event="x"}[5m])) / wca_up unless on (host) wca_gone'))

    assert found == {"task_nonsense": {"event"}, "wca_up": set(), "wca_gone": set()}
    assert "task_nonsense" not in METRICS


@pytest.mark.parametrize("name", ["node", "task", "agents"])
def test_legends_and_variables_are_of_labels_that_exist(name: str) -> None:
    text = (GRAFANA / f"{name}.json").read_text()
    levels = {level for metric in METRICS.values() for level in metric.levels} | COMMON

    assert set(re.findall(r"\{\{(\w+)\}\}", text)) <= levels
    for query in re.findall(r'"query": "(label_values\(.*?)",$', text, re.MULTILINE):
        metric, label = re.fullmatch(r"label_values\((\w+).*, (\w+)\)", query).groups()  # type: ignore[union-attr]
        assert metric in METRICS
        assert label in COMMON


@needs_promtool
def test_prometheus_understands_every_query_of_the_dashboards(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{at}", "expr": filled_in(query)} for at, (_, query) in enumerate(QUERIES)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    checked = run("promtool", "check", "rules", tmp_path / "rules.yml")

    assert checked.returncode == 0, checked.stderr
    assert f"{len(QUERIES)} rules found" in checked.stdout


@needs_promtool
def test_prometheus_takes_the_alerts_and_each_comes_up_as_its_tests_say() -> None:
    checked = run("promtool", "check", "rules", PROMETHEUS / "rules.yml")
    tested = run("promtool", "test", "rules", PROMETHEUS / "rules_test.yml")

    assert (checked.returncode, tested.returncode) == (0, 0), checked.stderr + tested.stderr + tested.stdout


@needs_promtool
def test_the_tests_of_the_alerts_would_notice_another_threshold(tmp_path: Path) -> None:
    shutil.copy(PROMETHEUS / "rules_test.yml", tmp_path)
    text = (PROMETHEUS / "rules.yml").read_text()
    (tmp_path / "rules.yml").write_text(text.replace("wca_mem_usage_bytes > 400e6", "wca_mem_usage_bytes > 4e6"))

    assert run("promtool", "test", "rules", tmp_path / "rules_test.yml").returncode != 0


def test_every_alert_has_a_test_that_it_comes_up() -> None:
    text = (PROMETHEUS / "rules_test.yml").read_text()

    assert [alert for alert in ALERTS if f'labels: \'ALERTS{{alertname="{alert}"' not in text] == []


def test_every_alert_says_what_to_do_and_stands_in_the_documents() -> None:
    page = (DEPLOY.parent / "docs" / "how-to" / "dashboards-and-alerts.md").read_text()

    assert len(set(ALERTS)) == len(ALERTS)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert {"summary", "runbook"} <= rule["annotations"].keys()
        assert f"`{rule['alert']}`" in page


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_a_dashboard_is_what_its_source_makes(name: str) -> None:
    """Else: make dashboards."""
    assert json.loads((GRAFANA / name).read_text()) == as_grafana(DASHBOARDS[name])


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str) -> None:
    found = json.loads((GRAFANA / name).read_text())["panels"]
    places = [panel["gridPos"] for panel in found]
    taken = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in found}) == len(found)
    assert len(set(taken)) == len(taken)
    assert all(0 <= x < WIDTH for x, _ in taken)


def test_every_panel_asks_the_prometheus_that_is_chosen() -> None:
    sources = [source for _, panel in panels() for source in (panel["datasource"], panel["targets"][0]["datasource"])]

    assert {source["uid"] for source in sources} == {"${datasource}"}
