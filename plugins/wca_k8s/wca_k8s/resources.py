"""What the containers of a pod asked for and may have, summed up.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ and, for the effective request,
https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from wca_core.net.untrusted import mapping, text
from wca_k8s.quantity import parse_quantity

Amounts: TypeAlias = Mapping[str, Decimal]

ALIASES = {
    "cpus": "requests_cpu",
    "mem": "requests_memory",
    "disk": "requests_ephemeral-storage",
    "requests_cpus": "requests_cpu",
    "requests_mem": "requests_memory",
    "limits_cpus": "limits_cpu",
    "limits_mem": "limits_memory",
}
"""Names of Mesos, and those once documented."""
EFFECTIVE = ("cpu", "memory")


@dataclass(frozen=True, slots=True)
class Wants:
    """The requests and limits of one container, by name of the resource."""

    requests: Amounts = field(default_factory=dict)
    limits: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InitWants:
    """Of an init container; a sidecar is one that goes on running."""

    wants: Wants
    is_sidecar: bool


def wants_of(resources: object, whose: str, complaints: list[str]) -> Wants:
    """From a `resources` of the API; what is no quantity is left out and told in `complaints`."""
    given = mapping(resources)
    return Wants(
        _amounts(given.get("requests"), f"{whose}: requests", complaints),
        _amounts(given.get("limits"), f"{whose}: limits", complaints),
    )


def amounts_of(given: object, whose: str, complaints: list[str]) -> Amounts:
    """From one mapping of quantities, `spec.overhead`."""
    return _amounts(given, whose, complaints)


def resources_of(containers: Sequence[Wants]) -> dict[str, float]:
    """Sums under `requests_NAME` and `limits_NAME`, with their aliases.

    `limits_complete` is 1 where every container has every limit that one of them has: else the sums are no bounds.
    """
    requests = _sums(wants.requests for wants in containers)
    limits = _sums(wants.limits for wants in containers)
    found = {f"requests_{name}": float(amount) for name, amount in requests.items()}
    found |= {f"limits_{name}": float(amount) for name, amount in limits.items()}
    found |= {alias: found[name] for alias, name in ALIASES.items() if name in found}
    if limits:
        found["limits_complete"] = float(all(limits.keys() == wants.limits.keys() for wants in containers))
    return found


def effective_requests(containers: Sequence[Wants], init: Sequence[InitWants], overhead: Amounts) -> dict[str, float]:
    """What the scheduler reserves: max(containers + sidecars, each init container + sidecars before it) + overhead."""
    found = {}
    for name in EFFECTIVE:
        together = [*containers, *(one.wants for one in init)]
        if any(name in wants.requests for wants in together):
            amount = _effective(name, containers, init) + overhead.get(name, Decimal(0))
            found[f"effective_requests_{name}"] = float(amount)
    return found


def _effective(name: str, containers: Sequence[Wants], init: Sequence[InitWants]) -> Decimal:
    sidecars = largest = Decimal(0)
    for one in init:
        request = one.wants.requests.get(name, Decimal(0))
        if one.is_sidecar:
            sidecars += request
        else:
            largest = max(largest, request + sidecars)
    running = sum((wants.requests.get(name, Decimal(0)) for wants in containers), sidecars)
    return max(running, largest)


def _amounts(given: object, whose: str, complaints: list[str]) -> Amounts:
    found = {}
    for key, value in mapping(given).items():
        try:
            found[text(key)] = parse_quantity(value)
        except ValueError as error:
            complaints.append(f"{whose}: {key!r:.80}: {error}; it is left out")
    return found


def _sums(parts: Iterable[Amounts]) -> Amounts:
    sums: dict[str, Decimal] = {}
    for part in parts:
        for name, amount in part.items():
            sums[name] = sums.get(name, Decimal(0)) + amount
    return sums
