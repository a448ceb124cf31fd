"""What is left of a plan when only its measuring is wanted: nothing is stored, detected or allocated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wca_core.dispatch import Binding
from wca_core.model.allocation import Allocation
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, hooks_of, plugin
from wca_record.recorder import Recorder

MEASURES = frozenset({"discover_tasks", "collect_metrics", "derive_metrics"})


@plugin(api=1)
class WishesNothing:
    """Stands for the allocators: an agent with one reads what is in force."""

    @hookimpl
    def allocate(self) -> Iterable[Allocation]:
        return ()


def measuring(plan: Plan, *beside: Binding) -> Plan:
    """The plan without what stores, detects and allocates, and with other bindings; if it allocated, values in force
    are still read."""
    bindings = [*_measuring(plan.bindings), *beside]
    if "allocations" in plan.streams:
        bindings.append(Binding(name="nobody", plugin=WishesNothing(), hooks=frozenset({"allocate"})))
    allocation = replace(plan.dry.allocation, audit_log=None)
    return replace(plan, bindings=tuple(bindings), allocation=allocation)


def _measuring(bindings: Iterable[Binding]) -> Iterator[Binding]:
    for binding in bindings:
        hooks = hooks_of(type(binding.plugin))
        wanted = binding.hooks & MEASURES
        is_recorder = isinstance(binding.plugin, Recorder)  # of the configuration: it has a file of its own
        if is_recorder or "store" in hooks or not (wanted or "read_allocations" in hooks):
            continue
        yield replace(binding, hooks=wanted, streams=frozenset())
