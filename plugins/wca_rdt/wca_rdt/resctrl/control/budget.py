"""CLOSIDs as a budget: the hardware tells only so many control groups apart, the root among them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def obsolete(
    existing: Mapping[str, Collection[str]], moves: Mapping[str, tuple[str, str]], staying: Collection[str]
) -> set[str]:
    """The groups that nobody needs once all moves are made.

    `existing`: the groups that may be removed, with the names of the tasks that are in them; `moves`: by name of the
    task, from which group to which; `staying`: groups with tasks that have no name there.
    """
    targets = {new for _, new in moves.values()}
    return {
        group
        for group, names in existing.items()
        if group not in targets
        and group not in staying
        and any(old == group for old, _ in moves.values())
        and all(moves.get(name, ("", group))[1] != group for name in names)
    }


def without_room(wanted: Mapping[str, str], kept: Collection[str], limit: int) -> set[str]:
    """The ids of tasks for whose groups there is no room; those with the smaller ids are served first.

    `wanted`: groups by task id; `kept`: all groups that are there and stay, the root among them.
    """
    groups, refused = set(kept), set()
    for task_id in sorted(wanted):
        group = wanted[task_id]
        if group in groups or len(groups) < limit:
            groups.add(group)
        else:
            refused.add(task_id)
    return refused
