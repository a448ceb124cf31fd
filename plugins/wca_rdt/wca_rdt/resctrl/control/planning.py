"""The writes that make accepted wishes so. Within a task: its group is made, gets its lines, takes the task in; then
the group that it leaves goes, if nobody is in it any more. So no task runs in a group that may use everything.

All lines of a group are written by the first of its tasks; the others find them so. To that end each of them plans
the same lines, made of what all of them want.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wca_core.host import Host
from wca_core.model.write import Change, Write
from wca_rdt.resctrl.control.budget import obsolete
from wca_rdt.resctrl.control.checking import own_groups
from wca_rdt.resctrl.control.group_write import GroupWrite
from wca_rdt.resctrl.control.in_force import InForce
from wca_rdt.resctrl.control.placement_write import PlacementWrite, Subject
from wca_rdt.resctrl.control.schemata import ORDER, Values, written
from wca_rdt.resctrl.control.schemata_write import SchemataWrite
from wca_rdt.resctrl.control.wanted import Wanted, is_less
from wca_rdt.resctrl.groups import Resctrl


@dataclass(frozen=True, slots=True)
class Step:
    """One change that is to be made."""

    change: Change
    wanted: Wanted
    old: str
    """The control group that the task is in."""
    name: str
    """Of the task's monitoring group."""

    @property
    def task_id(self) -> str:
        return self.change.task.task_id

    @property
    def is_move(self) -> bool:
        return self.old != self.wanted.group


@dataclass(frozen=True, slots=True)
class _Outline:
    """What the steps come to together."""

    lines: Mapping[str, Values]
    """By group, what all its tasks want of it."""
    new: frozenset[str]
    """Groups that are made."""
    left: frozenset[str]
    """Groups that are removed."""
    sharers: Counter[str] = field(default_factory=Counter)
    """How many steps want something of a group."""


class Planning:
    """Plans the writes of one step after another. Reads only; raises `OSError`."""

    def __init__(self, host: Host, resctrl: Resctrl, in_force: InForce) -> None:
        self._host = host
        self._resctrl = resctrl
        self._in_force = in_force

    def writes(self, steps: Sequence[Step]) -> Iterator[Write]:
        ordered = sorted(steps, key=lambda step: step.task_id)
        outline = self._outline(ordered)
        gives = {step.task_id: self._gives(step, outline) for step in ordered}
        last = {step.old: step for step in sorted(ordered, key=lambda one: (not gives[one.task_id], one.task_id))}
        for step in ordered:
            yield from self._of(step, outline, is_last=last[step.old] is step, gives=gives[step.task_id])

    def _outline(self, steps: Sequence[Step]) -> _Outline:
        groups = self._resctrl.groups()
        lines: defaultdict[str, dict[str, dict[int, int]]] = defaultdict(dict)
        for step in steps:
            for name, amounts in step.wanted.values.items():
                merged = lines[step.wanted.group].setdefault(name, {})
                merged.update({domain: amount for domain, amount in amounts.items() if domain not in merged})
        moves = {step.name: (step.old, step.wanted.group) for step in steps}
        ids = {step.task_id for step in steps}
        staying = {group for task_id, group in self._in_force.controls.items() if task_id not in ids}
        return _Outline(
            lines,
            frozenset({step.wanted.group for step in steps} - groups.by_control.keys()),
            frozenset(obsolete(own_groups(self._resctrl, groups), moves, staying)),
            Counter(step.wanted.group for step in steps),
        )

    def _gives(self, step: Step, outline: _Outline) -> bool:
        """Whether it leaves more for others. A step that others depend on goes when theirs do: all of its task's
        writes may be undone as long as the next task has not begun."""
        group = step.wanted.group
        if outline.sharers[group] > 1 and step.wanted.values:
            return False
        if step.is_move:
            return step.old in outline.left and group not in outline.new
        return is_less(step.wanted.values, self._in_force.values(group))

    def _of(self, step: Step, outline: _Outline, *, is_last: bool, gives: bool) -> Iterator[Write]:
        change, group = step.change, step.wanted.group
        if group in outline.new:
            yield GroupWrite(self._resctrl, group, change=change, gives=gives)
        for name in ORDER:
            if name in step.wanted.values:
                line = written(name, outline.lines[group][name])
                yield SchemataWrite(self._resctrl.path, group, line, change, gives)
        if step.is_move:
            subject = Subject(change.task, step.name)
            yield PlacementWrite(self._host, self._resctrl, subject, group, change, gives)
            if is_last and step.old in outline.left:
                text = self._in_force.text(step.old)
                yield GroupWrite(self._resctrl, step.old, is_wanted=False, lines=text, change=change, gives=gives)
