"""Whether the host has what plugins need, and whether their metrics agree: looked at before they start.

`examined` is the one place that decides whether a need is met; `wca doctor` asks it too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wca_core.dispatch import Dispatcher
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.model.metric import Metric
from wca_core.model.requirement import Requirement

log = logging.getLogger("wca.readiness")


class State(StrEnum):
    """What is known about a need."""

    MET = "met"
    MISSING = "missing"
    UNCHECKED = "unchecked"
    """The plugin's check raised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One need of a plugin, held against a host."""

    requirement: Requirement
    state: State
    found: str = ""
    """What there is instead, or why it could not be checked."""
    cure: str = ""
    """On this host."""

    @property
    def is_refusal(self) -> bool:
        """Whether the plugin cannot do its work without."""
        return self.state is not State.MET and self.requirement.required and not self.requirement.only_with

    def __str__(self) -> str:
        """The need, what there is and what to do."""
        instead = f", {self.found}" if self.found else ""
        return f"{self.requirement.need}{instead} ({self.cure})"


def examined(requirement: Requirement, host: Host) -> Finding:
    """Check one need. Never raises: a check that does is told in the finding."""
    try:
        if requirement.is_met(host):
            return Finding(requirement, State.MET)
        state, found = State.MISSING, requirement.found(host) if requirement.found else ""
    except Exception as error:  # noqa: BLE001  a plugin's check may raise anything; it then did not succeed
        state, found = State.UNCHECKED, f"could not be checked: {type(error).__name__}: {error}"
    return Finding(requirement, state, found, _guarded(requirement.cure_on, host))


def check_readiness(dispatcher: Dispatcher, host: Host) -> None:
    """Raise `StartError` that tells of everything required and missing, and of metrics described in two ways.

    What is missing but not required is only warned about. Plugins that tell of what they lack are not asked.
    """
    troubles = [*_missing(dispatcher, host), *_contradictions(dispatcher)]
    if troubles:
        raise StartError("\n".join(troubles))


def _missing(dispatcher: Dispatcher, host: Host) -> Iterator[str]:
    for binding in dispatcher.with_hook("requirements"):
        if getattr(binding.plugin, "tells_its_lacks", False):
            continue
        for requirement in dispatcher.call_one(binding, "requirements").items:
            if not isinstance(requirement, Requirement) or requirement.only_with:
                continue
            finding = examined(requirement, host)
            message = f"{binding.name} needs {finding}"
            if finding.is_refusal:
                yield message
            elif finding.state is not State.MET:
                lost = f": {requirement.lost}" if requirement.lost else ""
                log.warning("%s; it gives less without%s", message, lost)


def _guarded(cure_on: Callable[[Host], str], host: Host) -> str:
    try:
        return cure_on(host)
    except Exception as error:  # noqa: BLE001  a plugin's words, too, may raise anything
        return f"what to do could not be found out: {type(error).__name__}: {error}"


def _contradictions(dispatcher: Dispatcher) -> Iterator[str]:
    first: dict[str, tuple[str, Metric]] = {}
    for outcome in dispatcher.call("describe_metrics"):
        for metric in outcome.items:
            if not isinstance(metric, Metric):
                continue
            owner, known = first.setdefault(metric.name, (outcome.binding.name, metric))
            if (known.type, known.unit, known.levels) != (metric.type, metric.unit, metric.levels):
                yield f"{owner} and {outcome.binding.name} describe the metric {metric.name} differently"
