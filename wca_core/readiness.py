"""What is looked at before plugins start: whether the host has what they need, whether their metrics agree."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from wca_core.dispatch import Dispatcher
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.model.metric import Metric
from wca_core.model.requirement import Requirement

log = logging.getLogger("wca.readiness")


def check_readiness(dispatcher: Dispatcher, host: Host) -> None:
    """Raise `StartError` that tells of everything required and missing, and of metrics described in two ways.

    What is missing but not required is only warned about.
    """
    troubles = [*_missing(dispatcher, host), *_contradictions(dispatcher)]
    if troubles:
        raise StartError("\n".join(troubles))


def _missing(dispatcher: Dispatcher, host: Host) -> Iterator[str]:
    for outcome in dispatcher.call("requirements"):
        for requirement in outcome.items:
            if not isinstance(requirement, Requirement) or _is_met(requirement, host):
                continue
            message = f"{outcome.binding.name} needs {requirement.need} ({requirement.cure})"
            if requirement.required:
                yield message
            else:
                log.warning("%s; it gives less without", message)


def _is_met(requirement: Requirement, host: Host) -> bool:
    try:
        return requirement.is_met(host)
    except Exception as error:  # noqa: BLE001  a plugin's check may raise anything; it then did not succeed
        log.warning("the check for %s failed: %s: %s", requirement.need, type(error).__name__, error)
        return False


def _contradictions(dispatcher: Dispatcher) -> Iterator[str]:
    first: dict[str, tuple[str, Metric]] = {}
    for outcome in dispatcher.call("describe_metrics"):
        for metric in outcome.items:
            if not isinstance(metric, Metric):
                continue
            owner, known = first.setdefault(metric.name, (outcome.binding.name, metric))
            if (known.type, known.unit, known.levels) != (metric.type, metric.unit, metric.levels):
                yield f"{owner} and {outcome.binding.name} describe the metric {metric.name} differently"
