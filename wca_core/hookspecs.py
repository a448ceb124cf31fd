"""The contract of WCA: the hooks a plugin may implement. A plugin author needs to read no other file.

A plugin is a class marked `@plugin(api=1)`, named by an entry point of the group `wca.plugins`,
with as many of these hooks as it likes, each marked `@hookimpl`. A hook may leave out arguments
that it does not need. Hooks that "yield" may be generators or return any iterable, or None for
nothing. Everything of one call is taken together when it has ended: a hook that yields half
and then raises has given nothing.

All hooks are called in the agent's only thread, in the order of the configuration, except
`store` of storages that may wait (see there).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from wca_core.plugin_api import hookspec

if TYPE_CHECKING:
    from wca_core.host import Host
    from wca_core.model.allocation import Allocation, Refusal
    from wca_core.model.anomaly import Anomaly
    from wca_core.model.metric import Block, Metric, Sample, Samples
    from wca_core.model.requirement import Requirement
    from wca_core.model.snapshot import Snapshot
    from wca_core.model.task import Task
    from wca_core.model.write import Change, Write

Stream: TypeAlias = Literal["metrics", "anomalies", "allocations"]


# -- the flow of a step -------------------------------------------------------------------------


@hookspec
def discover_tasks(host: Host) -> Iterable[Task] | None:
    """The tasks that run on this host now.

    If it raises, its tasks are not measured in this step but are not gone: all that is kept
    for them stays until a later answer omits them. Nothing is allocated to them either: what they have stays.

    A plugin that hands out what it knew before, because who knows better does not answer, says so with an attribute
    `is_stale` that is true after such a call: its tasks are measured, but nothing is allocated to them in this step.
    """


@hookspec
def collect_metrics(tasks: Sequence[Task], host: Host) -> Iterable[Sample | Block] | None:
    """Measure the tasks and the machine.

    `tasks` is the same object as in the step before if nothing about any task changed. If it
    raises, this plugin's samples of this step are lost, nobody else's.
    """


@hookspec
def derive_metrics(snapshot: Snapshot) -> Iterable[Sample | Block] | None:
    """Samples computed from the samples of this step and the one before; derived samples do not see each other.

    If it raises, its samples of this step are lost.
    """


@hookspec
def detect(snapshot: Snapshot) -> Iterable[Anomaly | Sample | Block] | None:
    """Find tasks that suffer from others. Must not change anything.

    Who looks back further than one step names the metrics and how many seconds in an attribute `looks_back` of its
    class; see `Snapshot.history`. The same holds for `derive_metrics` and `allocate`.

    Not called in a step in which no discoverer answered. If it raises, its findings of this step are lost.
    """


@hookspec
def allocate(
    snapshot: Snapshot, anomalies: Sequence[Anomaly]
) -> Iterable[Allocation | Anomaly | Sample | Block] | None:
    """Say which resources which task shall have. It only wishes: writing is done elsewhere.

    If it raises, its wishes of this step are ignored and what is in force stays. What is not wished again stays too.
    """


@hookspec
def store(samples: Samples, stream: Stream) -> None:
    """Keep or send the samples; nobody may change them. If it raises, the other storages still get theirs.

    A plugin whose attribute `stores_locally` is true is called within the step; every other
    one in a thread of its own behind a queue of one step, where a newer step replaces an
    older one that waits, so a storage that blocks costs nobody anything.

    A storage that passes samples on to others names them in its attribute `contained`: the agent then
    starts, stops and reloads each of them once, wherever else it stands; calling `store` stays with their owner.
    """


# -- around the flow ----------------------------------------------------------------------------


@hookspec
def start(host: Host) -> None:
    """Open what is needed. If it raises, the agent ends: let that be a `StartError` with the reason and the cure.

    Storages start last, so that what others add to `host.extra_labels` is in the common labels they take.
    """


@hookspec
def stop() -> None:
    """Close what `start` opened and put back what was changed. Called once, also after a failed step.

    If it raises, the others are still stopped.
    """


@hookspec
def reload(host: Host) -> None:
    """Open outputs again and read rule files again: the operator sent SIGHUP, between two steps.

    If it raises, what was in force before must still be. A storage that may wait is called here in the
    agent's thread, perhaps while its `store` runs in the other.
    """


@hookspec
def describe_metrics() -> Iterable[Metric] | None:
    """Every metric this plugin may yield. If it raises, its metrics are not checked and stand in no list."""


@hookspec
def requirements() -> Iterable[Requirement] | None:
    """What this plugin needs from kernel, hardware and privileges. If it raises, it starts unchecked.

    Looked at by `wca doctor`, and before the agent starts. A plugin whose attribute `tells_its_lacks` is true is not
    asked then: it tells, or refuses to start, when it meets what is missing.
    """


@hookspec
def read_allocations(tasks: Sequence[Task], host: Host) -> Iterable[Allocation] | None:
    """The values in force now. Called once a step by an agent that allocates.

    The very same object as in the step before says that nothing about the value changed: a repeated wish that was
    found to be in force is then not checked again, which is much of what a step of an agent that allocates costs.

    If it raises, none of its values is taken for being in force.
    """


@hookspec
def check_allocations(changes: Sequence[Change], host: Host) -> Iterable[Allocation | Refusal] | None:
    """What the machine can make of these wishes: asked before `plan_writes`, about everything that is wished.

    For each change of a type that this plugin plans the writes of: the `Allocation` as it will be in force, rounded
    and spelled as the kernel does, or the one in force if no difference counts; or a `Refusal` with the reason. Types
    of others are left out; a wish that no plugin answers is refused. Reads only. If it raises, its wishes are refused.
    """


@hookspec
def plan_writes(changes: Sequence[Change], host: Host) -> Iterable[Write] | None:
    """The writes that make these changes so: of wishes that this plugin accepted in `check_allocations`.

    Each names the change it is for. Reads only. If it raises, none of its changes is written.
    """
