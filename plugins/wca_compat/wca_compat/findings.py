"""From anomalies of the older interfaces to what the agent encodes and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wca_compat.anomalies import Anomaly, ContentionAnomaly
from wca_compat.metrics import Metric
from wca_compat.output import listed
from wca_compat.samples import SampleMaker
from wca_core import ContendedResource, ContractError, Sample
from wca_core.model.anomaly import Anomaly as Finding
from wca_core.model.shown import shown


class OwnFinding(Finding):
    """An anomaly that says itself what tells of it: it is counted, and its samples are stored as they are."""

    __slots__ = ()

    @property
    def task_ids(self) -> frozenset[str]:
        """None that the agent would look for."""
        return frozenset()


def findings(anomalies: Iterable[Anomaly], maker: SampleMaker) -> Iterator[Finding | Sample]:
    """What each anomaly comes to. Raises `ContractError` for one with a field of another type."""
    for anomaly in anomalies:
        if isinstance(anomaly, ContentionAnomaly) and _encodes_as_we_do(anomaly):
            yield _finding(anomaly, maker)
        else:
            metrics = listed(anomaly.generate_metrics(), Metric, f"{type(anomaly).__name__}.generate_metrics()")
            yield _own_finding(anomaly)
            yield from maker.samples(metrics)


def _own_finding(anomaly: Anomaly) -> OwnFinding:
    """With the victim, for who shows findings; it is no text if the class calls something else so."""
    victim = getattr(anomaly, "contended_task_id", "")
    return OwnFinding(contended_task_id=str.__str__(victim) if isinstance(victim, str) else "")


def _encodes_as_we_do(anomaly: ContentionAnomaly) -> bool:
    return type(anomaly).generate_metrics is ContentionAnomaly.generate_metrics


def _finding(anomaly: ContentionAnomaly, maker: SampleMaker) -> Finding:
    suspects = listed(anomaly.contending_task_ids, str, "contending_task_ids")
    return Finding(
        contended_task_id=_plain(anomaly.contended_task_id),
        contending_task_ids=tuple(map(str.__str__, suspects)),
        resource=_resource(anomaly.resource),
        context=tuple(maker.samples(listed(anomaly.metrics, Metric, "the metrics of an anomaly"))),
    )


def _plain(task_id: object) -> str:
    if not isinstance(task_id, str):
        raise ContractError(f"contended_task_id is a {type(task_id).__name__}; a text expected")
    return str.__str__(task_id)


def _resource(resource: object) -> ContendedResource:
    for known in ContendedResource:
        if isinstance(resource, str) and resource == known.value:
            return known
    words = ", ".join(repr(known.value) for known in ContendedResource)
    raise ContractError(f"the resource of an anomaly is {shown(resource)}; one of {words} expected")
