"""How many tasks are changed in one step: those that waited longest go first."""

from __future__ import annotations

from collections.abc import Collection, Iterable


class BlastRadius:
    """At most so many tasks at once; None: all."""

    def __init__(self, limit: int | None, *, refuses: bool = False) -> None:
        """`refuses`: nobody is changed in a step that would change more."""
        self._limit = limit
        self._refuses = refuses
        self._waited: dict[str, int] = {}

    def of(self, task_ids: Iterable[str]) -> Collection[str]:
        """Those that may be changed in this step."""
        asked = sorted(set(task_ids))
        if self._limit is None or len(asked) <= self._limit:
            self._waited = {}
            return asked
        chosen = [] if self._refuses else sorted(asked, key=self._precedence)[: self._limit]
        self._waited = {one: self._waited.get(one, 0) + 1 for one in asked if one not in set(chosen)}
        return chosen

    def _precedence(self, task_id: str) -> tuple[int, str]:
        return -self._waited.get(task_id, 0), task_id
