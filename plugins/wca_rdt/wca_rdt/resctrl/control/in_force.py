"""What tasks have now: the control group that each is in, and what that may use.

The very same `Allocation` as before says that nothing changed; a wish for it is then not checked again. Tasks that
share a group are told apart from that: what one of them wishes must be seen beside what the others wish, so they get
a new one in every step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.files import is_gone, read_file
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task import Task
from wca_rdt.resctrl.control.schemata import Values, allocation_of, parse_schemata
from wca_rdt.resctrl.groups import ROOT, Resctrl
from wca_rdt.resctrl.monitored_task import MonitoredTask
from wca_rdt.resctrl.sight import Sight


class InForce:
    """Read once a step."""

    def __init__(self, resctrl: Resctrl, host: Host) -> None:
        self._resctrl = resctrl
        self._host = host
        self._texts: dict[str, tuple[str, RDTAllocation]] = {}
        """By group: what its `schemata` held last, and what that means."""
        self._told: dict[str, Allocation] = {}
        """By task id, in the last step."""
        self.controls: dict[str, str] = {}
        """The control groups of tasks, by id."""

    def read(self, tasks: Sequence[Task], states: Mapping[str, MonitoredTask]) -> list[Allocation]:
        """Of each task that is there. Raises `OSError`, `ContractError`."""
        self.controls = dict(self._placed(tasks, states))
        in_use = Counter(self.controls.values())
        self._texts = {group: known for group, known in self._texts.items() if group in in_use}
        values = {group: value for group in in_use if (value := self._value(group)) is not None}
        told, self._told = self._told, {}
        for task_id, group in self.controls.items():
            if group in values:
                is_shared = group != ROOT and in_use[group] > 1
                self._told[task_id] = _same(None if is_shared else told.get(task_id), task_id, values[group])
        return list(self._told.values())

    def values(self, group: str) -> Values:
        """What a group may use now; nothing of one that is not there yet. Raises `OSError`, `ContractError`."""
        known = self._texts.get(group)
        return parse_schemata(known[0] if known is not None else self.text(group))

    def text(self, group: str) -> str:
        """The `schemata` of a group; empty if it is not there. Raises `OSError`."""
        try:
            return read_file(f"{self._resctrl.control_directory(group)}/schemata").decode(errors="replace")
        except OSError as error:
            if is_gone(error):
                return ""
            raise

    def _placed(self, tasks: Sequence[Task], states: Mapping[str, MonitoredTask]) -> Iterator[tuple[str, str]]:
        """Who has no monitoring group is where most of its threads are."""
        sight: Sight | None = None
        for task in tasks:
            state = states.get(task.task_id)
            if state is not None and state.group is not None:
                yield task.task_id, state.group.control
                continue
            sight = sight or Sight(self._resctrl)
            try:
                yield task.task_id, sight.home(self._host.processes.threads(task)) if sight.controls else ROOT
            except HostError:
                continue  # it is gone, or cannot be asked

    def _value(self, group: str) -> RDTAllocation | None:
        """The same object while its text is the same; None if the group is gone or cannot be divided."""
        text = self.text(group)
        known = self._texts.get(group)
        if known is not None and known[0] == text:
            return known[1]
        self._texts.pop(group, None)
        if not text:
            return None
        value = allocation_of(group, text)
        self._texts[group] = text, value
        return value


def _same(told: Allocation | None, task_id: str, value: RDTAllocation) -> Allocation:
    if told is not None and told.value is value:
        return told
    return Allocation(task_id, AllocationType.RDT, value)
