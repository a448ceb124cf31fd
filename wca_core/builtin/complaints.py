"""Troubles that are told once: a thousand cgroups lack the same file for the same reason, step after step."""

from __future__ import annotations

import logging

REMEMBERED = 10_000
"""Troubles that are not told again; beyond that some are: tasks come and go for months."""


class Complaints:
    """Tells of a trouble once a subject and run."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._told: set[tuple[str, str]] = set()

    def tell(self, level: int, kind: str, subject: str, message: str) -> None:
        """`kind` and `subject` (the name of a file, the id of a task) say what is the same trouble."""
        if (kind, subject) not in self._told:
            if len(self._told) >= REMEMBERED:
                self._told.clear()
            self._told.add((kind, subject))
            self._log.log(level, "%s", message)
