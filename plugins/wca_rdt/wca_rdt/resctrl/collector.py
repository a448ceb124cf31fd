"""Cache occupancy and memory bandwidth of tasks and of the machine, as resctrl counts them.

Making groups and moving threads into them is measuring, not allocating: a monitoring group changes nothing about
what its threads are given.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.config.field_types import Between, IsPath, Str
from wca_core.errors import HostError, StartError
from wca_core.host import Host
from wca_core.model.allocation import Allocation, Refusal
from wca_core.model.metric import Block, Metric, Sample
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.model.write import Change, Write
from wca_core.plugin_api import hookimpl, plugin
from wca_rdt.resctrl.control.checking import Rules
from wca_rdt.resctrl.control.control import CONTROL_METRICS, Control, Demands
from wca_rdt.resctrl.descriptions import (
    ACTIVITY,
    ENERGY,
    GROUPS,
    MONITORING_MISSING,
    PLATFORM_BANDWIDTH,
    PLATFORM_OCCUPANCY,
    RMIDS,
    TELEMETRY,
    described,
    task_metrics,
)
from wca_rdt.resctrl.group_budget import ForbiddenError
from wca_rdt.resctrl.groups import Resctrl
from wca_rdt.resctrl.information import DEFAULT_CONFIGURATION, Information, read_information
from wca_rdt.resctrl.monitoring import Monitoring
from wca_rdt.resctrl.mounted import Mounted, find_mounted, has_monitoring, why_not_mounted, why_unusable
from wca_rdt.resctrl.options import Options

log = logging.getLogger("wca.rdt")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Rdt:
    """Cache occupancy and memory bandwidth of each task and the machine, through the kernel's resctrl."""

    tells_its_lacks = True
    rdt_enabled: bool | None = None
    """None: if resctrl is mounted and monitors; true: the agent does not start without; false: never."""
    resctrl_path: Annotated[str, IsPath(absolute=True)] | None = None
    """Where resctrl is mounted; None: found among the mounts. It is never mounted by the agent."""
    resctrl_per_domain: bool = False
    """Metrics of tasks by L3 cache, with the label `l3_domain`."""
    resctrl_telemetry: bool = False
    """Everything that newer kernels count for each package, not only energy and activity."""
    resctrl_rotation_steps: Annotated[int, Between(0)] = 30
    """Steps after which a task hands its monitoring group over if others wait for one; 0: never."""
    resctrl_assign_counters: bool = True
    """Where counters are assigned to groups (AMD ABMC), assign free ones to groups without."""
    resctrl_remove_foreign_groups: bool = False
    """Also remove groups without threads that somebody else made."""
    cleanup_on_exit: bool = True
    """Remove monitoring groups at the end; false: a restarted agent goes on with the same."""
    rdt_cache_control_required: bool = False
    """The agent does not start where L3 caches cannot be divided."""
    rdt_mb_control_required: bool = False
    """The agent does not start where memory bandwidth cannot be divided."""
    remove_all_resctrl_groups: bool = False
    """Remove all groups, whoever made them, when an agent that allocates starts."""
    resctrl_group_prefix: Str = ""
    """Make and remove only control groups whose names begin so."""
    strict_groups: bool = False
    """Tasks that share a group must not wish different values for it; else the first by id has its way."""

    _monitoring: Monitoring | None = field(default=None, init=False, repr=False)
    _control: Control | None = field(default=None, init=False, repr=False)
    _is_synced: bool = field(default=False, init=False, repr=False)
    """In this step."""

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        of_tasks = [*task_metrics(per_domain=self.resctrl_per_domain).all, MONITORING_MISSING, MEASUREMENT_ERRORS]
        of_machine = [PLATFORM_BANDWIDTH, PLATFORM_OCCUPANCY, GROUPS, RMIDS, *CONTROL_METRICS]
        return [*of_tasks, *of_machine, *described([*TELEMETRY] if self.resctrl_telemetry else [ENERGY, ACTIVITY])]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_rdt.resctrl.needs import needs  # what it looks at is not needed to start

        return needs(self.resctrl_path, self.rdt_enabled)

    @hookimpl
    def start(self, host: Host) -> None:
        if self.rdt_enabled is False:
            self._refuse_demands("rdt_enabled is false")
            return
        mounted, lack, level = self._found(host)
        if lack is not None and self.rdt_enabled:
            raise StartError(f"rdt_enabled is true, but {lack}")
        if lack is not None or mounted is None:
            self._refuse_demands(lack)
            log.log(level, "cache occupancy and memory bandwidth are not measured: %s", lack)
            return
        information = read_information(mounted.path)
        resctrl = Resctrl(mounted.path)
        control = Control(host, mounted, resctrl, self._demands)
        control.start()
        _tell(mounted, information)
        self._control = control if control.is_there else None
        self._monitoring = Monitoring(host, resctrl, information, self._options)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Block | Sample]:
        yield from self._step(tasks)
        self._is_synced = True
        if self._control is not None:
            yield from self._control.samples()

    @hookimpl
    def read_allocations(self, tasks: Sequence[Task]) -> list[Allocation]:
        if not self._is_synced:  # nobody asked to measure, but new threads of tasks must come into their groups
            for _ in self._step(tasks):
                pass
        self._is_synced = False
        if self._control is None or self._monitoring is None:
            return []
        return self._control.read(tasks, self._monitoring)

    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> Iterator[Allocation | Refusal]:
        if self._control is not None:
            yield from self._control.check(changes)

    @hookimpl
    def plan_writes(self, changes: Sequence[Change]) -> Iterator[Write]:
        if self._control is not None:
            yield from self._control.plan(changes)

    @hookimpl
    def stop(self) -> None:
        if self._monitoring is not None:
            self._monitoring.stop()
            self._monitoring = self._control = None

    def _step(self, tasks: Sequence[Task]) -> Iterator[Block | Sample]:
        if self._monitoring is None:
            return
        try:
            yield from self._monitoring.step(tasks)
        except ForbiddenError as error:
            if self.rdt_enabled:
                raise
            log.error("cache occupancy and memory bandwidth are not measured any more: %s", error)
            self.stop()

    def _found(self, host: Host) -> tuple[Mounted | None, str | None, int]:
        """What is mounted; what is missing to monitor, and how loud that is told where it is not asked for."""
        try:
            mounted = find_mounted(host, self.resctrl_path)
        except HostError as error:
            return None, str(error), logging.WARNING
        return mounted, *_lack(mounted, host)

    def _refuse_demands(self, lack: str | None) -> None:
        """Raises `StartError` if anything is demanded."""
        for option in self._demands.names:
            raise StartError(f"{option} is true, but {lack}")

    @property
    def _demands(self) -> Demands:
        return Demands(
            cache=self.rdt_cache_control_required,
            bandwidth=self.rdt_mb_control_required,
            removes_all=self.remove_all_resctrl_groups,
            rules=Rules(prefix=self.resctrl_group_prefix, is_strict=self.strict_groups),
        )

    @property
    def _options(self) -> Options:
        return Options(
            per_domain=self.resctrl_per_domain,
            telemetry=self.resctrl_telemetry,
            rotation_steps=self.resctrl_rotation_steps,
            assign_counters=self.resctrl_assign_counters,
            remove_foreign_groups=self.resctrl_remove_foreign_groups,
            cleanup_on_exit=self.cleanup_on_exit,
        )


def _lack(mounted: Mounted | None, host: Host) -> tuple[str | None, int]:
    """What is missing to monitor, and how loud that is told where it is not asked for."""
    if mounted is None:
        return why_not_mounted(host), logging.INFO
    if not has_monitoring(mounted.path):
        return f"resctrl at {mounted.path} has no monitoring", logging.INFO
    if not read_information(mounted.path).events:
        return f"resctrl at {mounted.path} has no monitoring of L3 caches (info/L3_MON)", logging.INFO
    return why_unusable(mounted.path), logging.WARNING


def _tell(mounted: Mounted, information: Information) -> None:
    """What is measured, and what about it is not as usual."""
    events, limit = ", ".join((*information.events, *information.telemetry)), information.num_rmids
    log.info("resctrl at %s counts %s for up to %s groups", mounted.path, events, limit or "an unknown number of")
    for event, by_domain in information.configurations.items():
        unusual = {domain: bits for domain, bits in by_domain.items() if bits != DEFAULT_CONFIGURATION[event]}
        if unusual:
            told = "; ".join(f"{domain}={bits:#x}" for domain, bits in unusual.items())
            log.info("%s counts what it was configured to: %s", event, told)
