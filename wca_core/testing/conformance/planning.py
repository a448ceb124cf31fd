"""What is asked of who plans writes: it answers wishes, reads only, and its writes can be undone and remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.write import Change, Write, is_back
from wca_core.testing.conformance import machine_files
from wca_core.testing.conformance.check import blaming, broken, not_asked, of_hooks
from wca_core.testing.conformance.process import content
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import Trial, trial
from wca_core.testing.conformance.watch import AIDS, Watch
from wca_core.write_kinds import InstalledKinds

WANTED: Mapping[AllocationType, object] = {
    AllocationType.CPU_QUOTA: 0.5,
    AllocationType.CPU_SHARES: 2.0,
    AllocationType.CPUSET_CPUS: "0-1",
    AllocationType.CPUSET_MEMS: "0",
    AllocationType.MEMORY_HIGH: 2**28,
    AllocationType.MEMORY_LOW: 2**20,
    AllocationType.CPU_IDLE: 1,
    AllocationType.CPU_BURST: 0.1,
    AllocationType.MIGRATE_PAGES: 0,
    AllocationType.RDT: RDTAllocation(name="kit", l3="L3:0=1", mb="MB:0=50"),
}
PARTS = ("kind", "place", "gives", "reversible", "read", "do", "undo", "verify", "record", "from_record")


@of_hooks("read_allocations")
def reads_allocations_of_known_tasks(subject: Subject) -> None:
    """What is in force is told as allocations of the tasks that it was asked about, each resource once."""
    with trial(subject) as one:
        one.start()
        found = one.call("read_allocations", tasks=one.tasks, host=one.host)
        seen: set[tuple[str, str]] = set()
        for item in found:
            if not isinstance(item, Allocation) or item.task_id not in one.host.known_tasks:
                broken(f"{subject.place}.read_allocations gave {item!r:.100}; an Allocation of a known task expected")
            if (item.task_id, item.type) in seen:
                broken(f"{subject.place}.read_allocations told {item.type} of {item.task_id} twice")
            seen.add((item.task_id, item.type))
        if not found:
            not_asked("it reads no allocation on the kit's machine")


@of_hooks("read_allocations")
def reads_the_very_same_allocation_again(subject: Subject) -> None:
    """If nothing has changed, what is in force is told by the very same objects: a step is then nearly free."""
    with trial(subject) as one:
        one.start()
        first, again = (one.call("read_allocations", tasks=one.tasks, host=one.host) for _ in range(2))
        if not first:
            not_asked("it reads no allocation on the kit's machine")
        if first != again:
            broken(
                f"{subject.place}.read_allocations told {again!r:.200} where nothing had changed from {first!r:.200}"
            )
        new = [item for was, item in zip(first, again, strict=True) if was is not item]
        if new:
            broken(f"{subject.place}.read_allocations made {new[0]!r} anew: keep the Allocation while its value stays")


@of_hooks("check_allocations")
def answers_wishes_that_it_was_asked(subject: Subject) -> None:
    """Each wish of its own types is answered once, by an `Allocation` or a `Refusal` with a reason; no other is."""
    with trial(subject) as one:
        changes = _changes(one)
        asked = {(change.task.task_id, change.wanted.type) for change in changes}
        for item in one.call("check_allocations", changes=changes, host=one.host):
            if not isinstance(item, Allocation | Refusal):
                broken(f"{subject.place}.check_allocations gave {item!r:.100}; an Allocation or a Refusal expected")
            if (item.task_id, item.type) not in asked:
                broken(f"{subject.place}.check_allocations answered {item.type} of {item.task_id} twice, or unasked")
            asked.remove((item.task_id, item.type))
            if isinstance(item, Refusal) and not item.reason.strip():
                broken(
                    f"{subject.place}.check_allocations refused {item.type} without a reason: place, expected, found"
                )


@of_hooks("read_allocations", "check_allocations", "plan_writes")
def only_reads_while_it_plans(subject: Subject) -> None:
    """`read_allocations`, `check_allocations` and `plan_writes` write nothing: no file opened for it, none changed."""
    with trial(subject) as one:
        one.start()
        before = content(one.machine.root)
        one.watch = watch = Watch()
        _planned(one)
        changed = [path for path, text in content(one.machine.root).items() if before.get(path) != text]
        for path in (*watch.written, *changed, *watch.programs, *watch.signals):
            if not AIDS.search(path):
                broken(f"{subject.place} changed {path} while it planned: put that into the `do` of a Write")


@of_hooks("plan_writes")
def plans_writes_of_the_changes(subject: Subject) -> None:
    """Each write has all that a `Write` has, and names one of the changes that were asked for."""
    with _plan(subject) as (_, changes, writes):
        for write in writes:
            lacking = [part for part in PARTS if not hasattr(write, part)]
            if lacking:
                broken(f"{subject.place}.plan_writes gave a {type(write).__name__} without {', '.join(lacking)}")
            change = getattr(write, "change", None)
            if change is not None and not any(change is other for other in changes):
                broken(
                    f"{subject.place}: the write to {write.place} is for another change than was asked: {change!r:.200}"
                )
            if not isinstance(write.place, str) or not write.place:
                broken(
                    f"{subject.place}: a write has the place {write.place!r}; a path, or a name of the place, expected"
                )


@of_hooks("plan_writes")
def plans_the_same_again(subject: Subject) -> None:
    """Asked again before anything was written, it plans the same places in the same order."""
    with _plan(subject) as (one, changes, writes):
        again = [getattr(write, "place", write) for write in one.call("plan_writes", changes=changes, host=one.host)]
        if again != [write.place for write in writes]:
            broken(
                f"{subject.place} planned {[write.place for write in writes]}, then {again}: plan from what is there"
            )


@of_hooks("plan_writes")
def undoes_what_it_writes(subject: Subject) -> None:
    """A write that is done reads back as it verifies; undone, what was there before is there again."""
    with _plan(subject) as (one, _, writes):
        tried = [write for write in writes if write.reversible and write.place.startswith(str(one.machine.root))]
        if not tried:
            not_asked("none of its writes goes to a file of the kit's machine")
        done = [_done(subject, write) for write in tried]
        for write, old in reversed(done):
            write.undo(old)
            if not is_back(write, old, write.read()):
                broken(f"{subject.place}: after `undo`, {write.place} holds {write.read()!r}; {old!r} expected")


def _done(subject: Subject, write: Write) -> tuple[Write, bytes]:
    """The write, and what was there before; in the order of the plan, as one may make the place of the next."""
    try:
        old = write.read()
        write.do()
        new = write.read()
    except FileNotFoundError as error:
        not_asked(f"a kernel would have to make what it writes to: {error}")
    if not write.verify(new):
        broken(f"{subject.place}: after `do`, {write.place} holds {new!r}, which `verify` does not accept")
    return write, old


@of_hooks("plan_writes")
def remembers_its_writes(subject: Subject) -> None:
    """The record of a write is plain JSON, from which its kind, an entry point of `wca.writes`, makes it again."""
    with _plan(subject) as (_, _, writes):
        kinds = InstalledKinds()
        for write in (one for one in writes if one.reversible):
            if write.kind not in kinds:
                broken(f"{subject.place}: kind {write.kind!r}: add an entry point to the group wca.writes")
            try:
                record = json.loads(json.dumps(write.record()))
                again = kinds[write.kind].from_record(record)
            except FileNotFoundError as error:
                not_asked(f"a kernel would have to make what it writes to: {error}")
            if again is None or again.place != write.place:
                broken(f"{subject.place}: {write.kind}: from_record(record()) made {again!r:.200} of {write!r:.200}")


@of_hooks("check_allocations", "plan_writes")
def plans_for_a_task_that_is_gone(subject: Subject) -> None:
    """A cgroup vanishes before a wish is checked, or between that and the plan: the other task's is still planned."""
    with trial(subject) as one:
        changes, _ = _planned(one)
        machine_files.remove_cgroup(one.machine, one.tasks[0])
        for hook in ("plan_writes", "check_allocations"):
            asked = changes if hook == "plan_writes" else _changes(one)
            if hook in subject.hooks:
                with blaming(f"{subject.place}.{hook}: the cgroup of one of two tasks was gone"):
                    one.call(hook, changes=asked, host=one.host)


@contextmanager
def _plan(subject: Subject) -> Iterator[tuple[Trial, list[Change], list[Write]]]:
    with trial(subject) as one:
        one.start()
        changes, writes = _planned(one)
        if not writes:
            not_asked("it plans no write for what the kit wishes on its machine")
        yield one, changes, writes


def _planned(one: Trial) -> tuple[list[Change], list[Write]]:
    """What is accepted of the kit's wishes, and the writes for it."""
    changes = _changes(one)
    if "check_allocations" in one.subject.hooks:
        answers = one.call("check_allocations", changes=changes, host=one.host)
        accepted = {(item.task_id, item.type): item for item in answers if isinstance(item, Allocation)}
        keys = {(change.task.task_id, change.wanted.type): change for change in changes}
        changes = [Change(keys[key].task, wish, keys[key].in_force) for key, wish in accepted.items() if key in keys]
    if "plan_writes" not in one.subject.hooks:
        return changes, []
    return changes, one.call("plan_writes", changes=changes, host=one.host)  # type: ignore[return-value]


def _changes(one: Trial) -> list[Change]:
    """One for each type and one of the first tasks, started and read as the agent does."""
    if not one.is_started:
        one.start()
    found: list[object] = []
    if "read_allocations" in one.subject.hooks:
        found = one.call("read_allocations", tasks=one.tasks, host=one.host)
    in_force = {(item.task_id, item.type): item for item in found if isinstance(item, Allocation)}
    return [
        Change(task, Allocation(task.task_id, type, value), in_force.get((task.task_id, type)))
        for task in one.tasks[:2]
        for type, value in WANTED.items()
    ]


CHECKS = (
    reads_allocations_of_known_tasks,
    reads_the_very_same_allocation_again,
    answers_wishes_that_it_was_asked,
    only_reads_while_it_plans,
    plans_writes_of_the_changes,
    plans_the_same_again,
    undoes_what_it_writes,
    remembers_its_writes,
    plans_for_a_task_that_is_gone,
)
