"""What a dashboard is made of: rows of panels; a panel is a title, a unit of Grafana and queries with their legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OF_HOST = '{host="$host"}'
OF_TASK = '{host="$host",task_name="$task"}'


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over time, or with `kind` another panel of Grafana; `queries` are PromQL by legend."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    width: int = 12
    height: int = 8
    kind: str = "timeseries"
    stacked: bool = False
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """`variables` are queries of Grafana by name, in the order in which they depend on each other."""

    uid: str
    title: str
    variables: Mapping[str, str]
    rows: Mapping[str, Sequence[Panel]] = field(default_factory=dict)


def rate(metric: str, labels: str, by: str = "") -> str:
    """The growth by the second, added up by these labels if there are any."""
    growth = f"rate({metric}{labels}[$__rate_interval])"
    return f"sum by ({by}) ({growth})" if by else growth


def waiting(whose: str, resource: str, kind: str) -> str:
    """The share of time in which `some` or all (`full`) of the work of a `task` or the `platform` waited."""
    return rate(f"{whose}_pressure_stall_seconds", f'{{host="$host",resource="{resource}",kind="{kind}"}}')


def top(query: str, count: int = 15) -> str:
    return f"topk({count}, {query})"


def stat(title: str, query: str, unit: str = "short") -> Panel:
    return Panel(title=title, queries={"": query}, unit=unit, width=4, height=4, kind="stat")
