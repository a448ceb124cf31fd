"""A dashboard as Grafana imports it. Everything that is the same for all dashboards stands here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploy.grafana.source.panels import Dashboard, Panel

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
"""Of a dashboard, in columns."""


def as_grafana(dashboard: Dashboard) -> dict[str, object]:
    """The dashboard as Grafana imports it."""
    names = {"datasource": {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}}
    asked = {name: _variable(name, query) for name, query in dashboard.variables.items()}
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["wca"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [*names.values(), *asked.values()]},
        "links": [{"title": "WCA", "type": "dashboards", "tags": ["wca"], "includeVars": True, "keepTime": True}],
        "panels": list(_panels(dashboard.rows)),
    }


def _variable(name: str, query: str) -> dict[str, object]:
    return {
        "name": name,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _panels(rows: Mapping[str, Sequence[Panel]]) -> Iterator[dict[str, object]]:
    """Rows from top to bottom, the panels of each from left to right."""
    number, y = 0, 0
    for title, panels in rows.items():
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "gridPos": _place(0, y, WIDTH, 1),
            "panels": [],
        }
        x, y, lowest = 0, y + 1, y + 1
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, lowest
            number += 1
            yield _panel(number, panel, _place(x, y, panel.width, panel.height))
            x, lowest = x + panel.width, max(lowest, y + panel.height)
        y = lowest


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, object]:
    is_lines = panel.kind == "timeseries"
    custom: dict[str, object] = {"fillOpacity": 20 if panel.stacked else 5, "showPoints": "never"} if is_lines else {}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    made: dict[str, object] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": custom}, "overrides": []},
        "targets": [_target(at, legend, query, panel.kind) for at, (legend, query) in enumerate(panel.queries.items())],
    }
    if is_lines:
        made["options"] = {"tooltip": {"mode": "multi", "sort": "desc"}, "legend": {"showLegend": True}}
    if panel.kind == "table":
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True}}}]
    return made


def _target(at: int, legend: str, query: str, kind: str) -> dict[str, object]:
    target: dict[str, object] = {"refId": chr(ord("A") + at), "datasource": DATASOURCE, "expr": query}
    if kind == "timeseries":
        return {**target, "legendFormat": legend}
    return {**target, "instant": True, "format": "table" if kind == "table" else "time_series"}
