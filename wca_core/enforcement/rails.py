"""Holds a wish against the guard rails: it stays as it is, is clamped, or is refused.

First those are asked that only permit or forbid; then those that bound the value, one after another, each the
value that the one before it left. `max_cpu_quota_step` comes after `min_cpu_quota`: a quota below the floor rises
to it step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.enforcement import bounds
from wca_core.enforcement.bounds import Bounded, Surroundings
from wca_core.enforcement.guard_rails import GuardRails, RailName
from wca_core.enforcement.merging import is_same
from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.task import Task
from wca_core.model.write import Change

Bound: TypeAlias = Callable[[Bounded], object]
"""Gives the nearest value that is permitted. Raises `ContractError` if there is none."""

BOUNDS: Mapping[AllocationType, Sequence[tuple[RailName, Bound]]] = {
    AllocationType.CPU_QUOTA: (("min_cpu_quota", bounds.quota_floor), ("max_cpu_quota_step", bounds.quota_step)),
    AllocationType.CPUSET_CPUS: (("reserved_cpus", bounds.unreserved), ("min_cpus_per_task", bounds.cpus_per_task)),
    AllocationType.RDT: (("min_llc_ways", bounds.llc_ways), ("min_mb", bounds.mb)),
    AllocationType.MEMORY_HIGH: (("memory_high_min_ratio", bounds.memory_high),),
}
"""What bounds the values of a type, in this order."""

CPUSETS = frozenset({AllocationType.CPUSET_CPUS, AllocationType.CPUSET_MEMS, AllocationType.CPUSET_MEMORY_MIGRATE})
QOS_LABEL = "app_kubernetes_io__qos_class"


@dataclass(frozen=True, slots=True)
class Rails:
    """The guard rails of an agent, to be asked about wishes whose values are values of their types."""

    settings: GuardRails

    def held(self, change: Change, surroundings: Surroundings) -> Allocation | Refusal:
        """The wish as it may be: the very same, or another one that is clamped; or why it is refused."""
        wish = change.wanted
        for reason in _forbidden(change, self.settings):
            return Refusal(wish.task_id, wish.type, reason)
        value = wish.value
        for name, bound in BOUNDS.get(wish.type, ()):
            if getattr(self.settings, name) is None:
                continue
            try:
                nearest = bound(Bounded(value, change, self.settings, surroundings))
            except ContractError as error:
                return Refusal(wish.task_id, wish.type, f"guard rail {name}: {error}")
            if not is_same(nearest, value) and not self.settings.clamps(name):
                limit = getattr(self.settings, name)
                return Refusal(wish.task_id, wish.type, f"guard rail {name} {limit}: {value!r:.80} is beyond it")
            value = nearest
        return wish if value is wish.value else Allocation(wish.task_id, wish.type, value)


def _forbidden(change: Change, rails: GuardRails) -> Iterator[str]:
    """Why a wish is out of the question, whatever its value."""
    task, kind = change.task, change.wanted.type
    if rails.allowed_types is not None and kind not in rails.allowed_types:
        yield f"guard rail allowed_types: {', '.join(rails.allowed_types) or 'none'}"
    if rails.protected_selector is not None and rails.protected_selector.matches(task.all_labels):
        yield f"guard rail protected_tasks: {rails.protected_selector.text} selects it"
    if rails.allowed_namespaces is not None and namespace_of(task) not in rails.allowed_namespaces:
        yield f"guard rail allowed_namespaces: it is of {namespace_of(task) or 'none'}"
    if rails.skip_cpu_manager_pods and kind in CPUSETS and is_cpu_manager_pod(task):
        yield "guard rail skip_cpu_manager_pods: it is guaranteed whole CPUs"


def namespace_of(task: Task) -> str | None:
    """The namespace of a pod, whose name begins with it; None for what is no pod."""
    namespace, slash, _ = task.name.partition("/")
    return namespace if slash and QOS_LABEL in task.labels else None


def is_cpu_manager_pod(task: Task) -> bool:
    """Whether the static policy of the kubelet's CPU manager may have given it CPUs of its own.

    https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/#static-policy
    """
    asked = task.resources.get("requests_cpu", 0)
    is_whole = isinstance(asked, int | float) and asked >= 1 and asked == int(asked)
    return task.labels.get(QOS_LABEL) == "guaranteed" and is_whole
