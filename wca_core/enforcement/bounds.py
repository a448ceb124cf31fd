"""The bounds of single values: what is nearest to a wish and still permitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from wca_core.enforcement.guard_rails import GuardRails
from wca_core.enforcement.ids import canonical, ids_of
from wca_core.enforcement.values import MASKS, memory_limit_of, number_of, rdt_of
from wca_core.errors import ContractError
from wca_core.model.rdt_allocation import PREFIXES, RDTAllocation, parse_line, parse_mask
from wca_core.model.task import Task
from wca_core.model.write import Change


@dataclass(frozen=True)
class Surroundings:
    """What bounds need to know of the machine and its tasks."""

    online_cpus: tuple[int, ...] = ()
    """Empty: not known."""
    memory: Callable[[], float | None] = field(default=lambda: None)
    """Of the node [bytes]; None: not known."""
    memory_usage: Callable[[Task], float | None] = field(default=lambda task: None)
    """Of a task now [bytes]; None: not measured."""

    @cached_property
    def node_memory(self) -> float | None:
        return self.memory()


@dataclass(frozen=True, slots=True)
class Bounded:
    """A value in question: what is wished, as far as earlier bounds left it."""

    value: object
    change: Change
    rails: GuardRails
    surroundings: Surroundings


def quota_floor(one: Bounded) -> object:
    assert one.rails.min_cpu_quota is not None
    return one.value if number_of(one.value) >= one.rails.min_cpu_quota else one.rails.min_cpu_quota


def quota_step(one: Bounded) -> object:
    """Raises `ContractError` if it is not known from where to step."""
    wanted, step = number_of(one.value), one.rails.max_cpu_quota_step
    assert step is not None
    if one.change.in_force is None:
        raise ContractError("the quota in force is not known")
    in_force = number_of(one.change.in_force.value)
    nearest = min(max(wanted, in_force - step), in_force + step)
    return one.value if nearest == wanted else nearest


def unreserved(one: Bounded) -> object:
    """Raises `ContractError` if nothing is left. An empty set means the parent's, which may hold reserved ones."""
    rails = one.rails
    if rails.best_effort_selector is None or not rails.best_effort_selector.matches(one.change.task.all_labels):
        return one.value
    wanted = ids_of(one.value) or frozenset(one.surroundings.online_cpus)
    left = wanted - rails.reserved
    if not left:
        raise ContractError(f"without the reserved CPUs nothing is left of {one.value!r:.80}")
    return one.value if left == ids_of(one.value) else canonical(left)


def cpus_per_task(one: Bounded) -> object:
    """Filled up with CPUs that it has, then with the lowest others. Raises `ContractError` if there are too few."""
    wanted, least = ids_of(one.value), one.rails.min_cpus_per_task
    assert least is not None
    if not wanted or len(wanted) >= least:  # an empty set means the parent's
        return one.value
    has = sorted(ids_of(one.change.in_force.value)) if one.change.in_force else []
    online = one.surroundings.online_cpus
    others = [cpu for cpu in chain(has, online) if not online or cpu in online]
    permitted = [cpu for cpu in dict.fromkeys(others) if cpu not in wanted and _may_have(one, cpu)]
    filled = wanted | set(permitted[: least - len(wanted)])
    if len(filled) < least:
        raise ContractError(f"{least} CPUs wanted, {canonical(filled)} are all there are")
    return canonical(filled)


def llc_ways(one: Bounded) -> object:
    least = one.rails.min_llc_ways
    assert least is not None
    return _with_lines(rdt_of(one.value), MASKS - {"l2"}, lambda mask: _widened(mask, least))


def mb(one: Bounded) -> object:
    least = one.rails.min_mb
    assert least is not None
    return _with_lines(rdt_of(one.value), {"mb"}, lambda amount: amount if int(amount) >= least else str(least))


def memory_high(one: Bounded) -> object:
    """Raises `ContractError` if it is not known how much the task uses, or how much the node has."""
    ratio = one.rails.memory_high_min_ratio
    wanted = memory_limit_of(one.value)
    assert ratio is not None
    if wanted is None:
        return one.value
    used = one.surroundings.memory_usage(one.change.task)
    if used is None:
        raise ContractError("it is not known how much memory the task uses")
    if isinstance(one.value, float) and wanted <= 1.0:
        if one.surroundings.node_memory is None:
            raise ContractError("it is not known how much memory the node has")
        wanted *= one.surroundings.node_memory
    return one.value if wanted >= ratio * used else -int(-ratio * used // 1)


def _may_have(one: Bounded, cpu: int) -> bool:
    selector = one.rails.best_effort_selector
    is_best_effort = selector is not None and selector.matches(one.change.task.all_labels)
    return not (is_best_effort and cpu in one.rails.reserved)


def _with_lines(wished: RDTAllocation, names: set[str] | frozenset[str], bound: Callable[[str], str]) -> RDTAllocation:
    """The same with bounded values in the lines of these fields; the very same if nothing changes."""
    lines: dict[str, str] = {}
    for name, line in wished.lines():
        values = parse_line(name, line) if name in names else {}
        bounded = {domain: bound(value) for domain, value in values.items()}
        if bounded != values:
            lines[name] = _line(name, bounded)
    return replace(wished, **lines) if lines else wished


def _line(name: str, values: Mapping[int, str]) -> str:
    return PREFIXES[name] + ";".join(f"{domain}={value}" for domain, value in values.items())


def _widened(text: str, least: int) -> str:
    """With so many ways at least: those below first, then what is missing between, then those above.

    A contiguous mask stays contiguous.
    """
    mask = parse_mask(text)
    if mask.bit_count() >= least:
        return text
    lowest = (mask & -mask).bit_length() - 1
    for bit in chain(range(lowest - 1, -1, -1), range(lowest, mask.bit_length() + least)):
        if mask.bit_count() >= least:
            break
        mask |= 1 << bit
    return f"{mask:x}"
