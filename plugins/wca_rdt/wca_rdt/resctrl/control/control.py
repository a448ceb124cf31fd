"""RDT control behind the hooks of the plugin `rdt`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.complaints import Complaints
from wca_core.errors import HostError, StartError
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.metric import Metric, Sample, gauge
from wca_core.model.task import Task
from wca_core.model.write import Change, Write
from wca_rdt.resctrl.control.checking import Checking, Rules
from wca_rdt.resctrl.control.in_force import InForce
from wca_rdt.resctrl.control.planning import Planning, Step
from wca_rdt.resctrl.control.resources import Offer, offered
from wca_rdt.resctrl.control.schemata import parse_schemata
from wca_rdt.resctrl.control.starting import remove_groups, root_lines, write_root
from wca_rdt.resctrl.groups import ROOT, Resctrl
from wca_rdt.resctrl.information import read_information
from wca_rdt.resctrl.monitoring import Monitoring
from wca_rdt.resctrl.mounted import Mounted
from wca_rdt.resctrl.names import group_name

log = logging.getLogger("wca.rdt")

CLOSIDS_USED = Metric("wca_rdt_closids_used", "Control groups of resctrl with the root, whoever made them.", gauge)
CLOSIDS_MAX = Metric("wca_rdt_closids_max", "Control groups of resctrl that the hardware can tell apart.", gauge)
RMIDS_MAX = Metric("wca_rdt_rmids_max", "Groups of resctrl that the hardware can tell apart.", gauge)

CONTROL_METRICS = [CLOSIDS_USED, CLOSIDS_MAX, RMIDS_MAX]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a configuration asks for when the agent starts."""

    cache: bool = False
    bandwidth: bool = False
    removes_all: bool = False
    rules: Rules = field(default_factory=Rules)

    @property
    def names(self) -> list[str]:
        asked = {"rdt_cache_control_required": self.cache, "rdt_mb_control_required": self.bandwidth}
        return [name for name, is_asked in asked.items() if is_asked]


class Control:
    """Of one mounted resctrl."""

    def __init__(self, host: Host, mounted: Mounted, resctrl: Resctrl, demands: Demands) -> None:
        """Raises `StartError` if what is demanded cannot be had."""
        self._host = host
        self._resctrl = resctrl
        self._information = read_information(mounted.path)
        self._in_force = InForce(resctrl, host)
        self.offer = self._offered(mounted)
        _require(self.offer, mounted, demands)
        complaints = Complaints(log)
        self._checking = Checking(resctrl, self.offer, self._in_force, demands.rules, complaints)
        self._planning = Planning(host, resctrl, self._in_force)
        self._demands = demands
        self._names: dict[str, str] = {}

    def start(self) -> None:
        """Write what is to be there before the first step. Raises `StartError`."""
        transaction = self._host.transaction
        configuration = self._host.allocation_configuration or AllocationConfiguration()
        lines = root_lines(self.offer, configuration)
        self._host.platform_parts["rdt"] = self.offer
        if self._resctrl.path not in self._host.writable_roots:
            self._host.writable_roots.append(self._resctrl.path)
        if transaction is None:
            if self._demands.removes_all:
                log.warning("remove_all_resctrl_groups: nothing is removed by an agent that writes nothing")
            return
        try:
            if self._demands.removes_all:
                remove_groups(self._resctrl, transaction, self._demands.rules.prefix)
        except OSError as error:
            raise StartError(f"{self._resctrl.path}: groups cannot be removed: {error.strerror}") from error
        write_root(self._resctrl, transaction, lines)

    @property
    def is_there(self) -> bool:
        """Whether anything can be divided."""
        return bool(self.offer.resources)

    def samples(self) -> Iterator[Sample]:
        """Raises `OSError`."""
        yield CLOSIDS_USED.sample(len(self._resctrl.groups().by_control))
        yield CLOSIDS_MAX.sample(self.offer.closids)
        if self._information.num_rmids is not None:
            yield RMIDS_MAX.sample(self._information.num_rmids)

    def read(self, tasks: Sequence[Task], monitoring: Monitoring) -> list[Allocation]:
        """What tasks have now. Raises `HostError`, `ContractError`."""
        states = monitoring.states
        self._names = {task_id: state.name for task_id, state in states.items()}
        try:
            return self._in_force.read(tasks, states)
        except OSError as error:
            raise HostError(f"{self._resctrl.path}: schemata cannot be read: {error.strerror}") from error

    def check(self, changes: Sequence[Change]) -> Iterator[Allocation | Refusal]:
        """An answer to each wish of the type `rdt`. Raises `OSError`, `ContractError`."""
        own = [change for change in changes if change.wanted.type is AllocationType.RDT]
        if own:
            names = {change.task.task_id: self._name(change.task) for change in own}
            yield from self._checking.answers(own, names)

    def plan(self, changes: Sequence[Change]) -> Iterator[Write]:
        """The writes of those that were accepted in this step. Raises `OSError`."""
        steps = []
        for change in changes:
            accepted = self._checking.accepted.get(change.task.task_id)
            if accepted is not None and accepted.allocation is change.wanted:
                old = self._in_force.controls.get(change.task.task_id, ROOT)
                steps.append(Step(change, accepted.wanted, old, self._name(change.task)))
        return self._planning.writes(steps)

    def _name(self, task: Task) -> str:
        return self._names.get(task.task_id) or group_name(task.cgroup_path)

    def _offered(self, mounted: Mounted) -> Offer:
        platform = self._host.platform_if_known
        vendor = platform.cpu_vendor if platform is not None else ""
        try:
            root = parse_schemata(self._in_force.text(ROOT))
        except OSError as error:
            raise StartError(f"{mounted.path}/schemata: cannot be read: {error.strerror}") from error
        return offered(self._information, root, mounted.options, vendor)


def _require(offer: Offer, mounted: Mounted, demands: Demands) -> None:
    lacks = []
    if demands.cache and not offer.has_cache:
        lacks.append(("rdt_cache_control_required", "L3 caches"))
    if demands.bandwidth and not offer.has_bandwidth:
        lacks.append(("rdt_mb_control_required", "memory bandwidth"))
    for option, what in lacks:
        raise StartError(f"{option} is true, but resctrl at {mounted.path} cannot divide {what} (no line in schemata)")
