"""Writes the dashboards of this folder anew: `python -m deploy.grafana.source`, or `make dashboards`."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.source.agents import AGENTS
from deploy.grafana.source.grafana import as_grafana
from deploy.grafana.source.node import NODE
from deploy.grafana.source.task import TASK

FOLDER = Path(__file__).resolve().parent.parent
DASHBOARDS = {"node.json": NODE, "task.json": TASK, "agents.json": AGENTS}

if __name__ == "__main__":
    for name, dashboard in DASHBOARDS.items():
        (FOLDER / name).write_text(json.dumps(as_grafana(dashboard), indent=1) + "\n")
