"""What this machine makes of wishes: which group, which values, and whether there is room for all of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wca_core.builtin.complaints import Complaints
from wca_core.enforcement.values import rdt_of
from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.write import Change
from wca_rdt.resctrl.control.budget import obsolete, without_room
from wca_rdt.resctrl.control.in_force import InForce
from wca_rdt.resctrl.control.resources import Offer
from wca_rdt.resctrl.control.sharing import harmonised
from wca_rdt.resctrl.control.wanted import Wanted, check_group_name, differing, spelled, values_of
from wca_rdt.resctrl.groups import Groups, Resctrl


@dataclass(frozen=True, slots=True)
class Accepted:
    """A wish that can be granted."""

    allocation: Allocation
    """What was answered."""
    wanted: Wanted
    """What is to be written for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a configuration says about groups."""

    prefix: str = ""
    """Of control groups that may be made and removed."""
    is_strict: bool = False
    """Tasks that share a group must not wish different values."""


class Checking:
    """Checks the wishes of one step after another."""

    def __init__(self, resctrl: Resctrl, offer: Offer, in_force: InForce, rules: Rules, complaints: Complaints) -> None:
        self._resctrl = resctrl
        self._offer = offer
        self._in_force = in_force
        self._rules = rules
        self._complaints = complaints
        self.accepted: dict[str, Accepted] = {}
        """By task id, in this step."""

    def answers(self, changes: Sequence[Change], names: Mapping[str, str]) -> Iterator[Allocation | Refusal]:
        """One for each change. `names`: those of tasks' monitoring groups, by id. Raises `OSError`."""
        self.accepted = {}
        groups = self._resctrl.groups()
        wishes: dict[str, Wanted] = {}
        refused: dict[str, str] = {}
        for change in changes:
            task_id = change.task.task_id
            try:
                wishes[task_id] = self._wanted(change, names[task_id], groups)
            except ContractError as error:
                refused[task_id] = str(error)
        wishes = self._harmonised(wishes, refused)
        self._refuse_without_room(wishes, groups, names, refused)
        for change in changes:
            task_id = change.task.task_id
            if task_id in refused:
                yield Refusal(task_id, AllocationType.RDT, refused[task_id])
            else:
                yield self._answer(change, wishes[task_id])

    def _wanted(self, change: Change, name: str, groups: Groups) -> Wanted:
        allocation = rdt_of(change.wanted.value)
        group = self._default_name(name) if allocation.name is None else allocation.name
        check_group_name(group)
        if group not in groups.by_control:
            if not group.startswith(self._rules.prefix):
                allowed = f"a group that is there, or one of resctrl_group_prefix {self._rules.prefix!r}"
                raise ContractError(f"name: {allowed} expected, found {group!r}")
            if os.path.lexists(self._resctrl.control_directory(group)):
                raise ContractError(f"name: a group expected, found {group!r}, which is something else of resctrl")
        return Wanted(group, values_of(allocation, self._offer))

    def _default_name(self, name: str) -> str:
        prefix = self._rules.prefix
        return name if name.startswith(prefix) else f"{prefix}{name}"

    def _harmonised(self, wishes: Mapping[str, Wanted], refused: dict[str, str]) -> dict[str, Wanted]:
        harmony = harmonised(wishes)
        for conflict in harmony.conflicts:
            if self._rules.is_strict:
                refused.setdefault(conflict.task_id, f"{conflict} (strict_groups)")
            else:
                subject = f"{conflict.task_id} {conflict.group} {conflict.resource}"
                self._complaints.tell(
                    logging.WARNING, "shared", subject, f"rdt of {conflict.task_id}: {conflict}, which is left out"
                )
        return dict(harmony.wanted)

    def _refuse_without_room(
        self, wishes: Mapping[str, Wanted], groups: Groups, names: Mapping[str, str], refused: dict[str, str]
    ) -> None:
        wanted = {task_id: wish.group for task_id, wish in wishes.items() if task_id not in refused}
        if all(group in groups.by_control for group in wanted.values()):
            return
        moves = {names[task_id]: (self._in_force.controls.get(task_id, ""), group) for task_id, group in wanted.items()}
        gone = obsolete(own_groups(self._resctrl, groups), moves, self._staying(wanted))
        for task_id in without_room(wanted, groups.by_control.keys() - gone, self._offer.closids):
            refused[task_id] = (
                f"too many groups for available CLOSIDs: at most {self._offer.closids} with the root expected, "
                f"found {len(groups.by_control)} and {wanted[task_id]!r} on top"
            )

    def _staying(self, wanted: Mapping[str, str]) -> set[str]:
        """Groups with tasks of which nothing is wished."""
        return {group for task_id, group in self._in_force.controls.items() if task_id not in wanted}

    def _answer(self, change: Change, wanted: Wanted) -> Allocation:
        task_id, known = change.task.task_id, change.in_force
        if known is not None and self._in_force.controls.get(task_id) == wanted.group:
            changed = differing(wanted.values, self._in_force.values(wanted.group))
            if not changed:
                return known
            value = spelled(wanted, known.value if isinstance(known.value, RDTAllocation) else None)
            wanted = Wanted(wanted.group, changed)
        else:
            value = spelled(wanted, None)
        answer = Allocation(task_id, AllocationType.RDT, value)
        self.accepted[task_id] = Accepted(answer, wanted)
        return answer


def own_groups(resctrl: Resctrl, groups: Groups) -> dict[str, tuple[str, ...]]:
    """The control groups that we made, with the names of the monitoring groups in them."""
    return {control: names for control, names in groups.by_control.items() if resctrl.is_own_control(control)}
