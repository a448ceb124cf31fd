"""What is wrong with a configuration: collected, so that all of it is told together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from wca_core.config.tree import Place
from wca_core.errors import ConfigurationError

log = logging.getLogger("wca.config")

MOST_ERRORS = 20


@dataclass(slots=True)
class Problems:
    """Errors are kept until `refuse`; a warning is told once, at once."""

    strict: bool = False
    """Doubts about the safety of files are errors."""
    _errors: dict[tuple[Place, str], None] = field(default_factory=dict)
    _warnings: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self._errors)

    def error(self, place: Place, message: str) -> None:
        self._errors[place, " ".join(message.split())] = None

    def warn(self, place: Place, message: str) -> None:
        text = f"{place}: {message}"
        if text not in self._warnings:
            self._warnings.add(text)
            log.warning("%s", text)

    def doubt(self, place: Place, message: str) -> None:
        """A file that can be used, but that others might change."""
        if self.strict:
            raise ConfigurationError(f"{place}: {message}; refused by --strict-config")
        self.warn(place, message)

    def refuse(self) -> None:
        """Raise `ConfigurationError` with a line for each error, by place, if there is any."""
        if not self._errors:
            return
        lines = [f"{place}: {message}" if place.file else message for place, message in sorted(self._errors)]
        more = [f"... and {len(lines) - MOST_ERRORS} more"] if len(lines) > MOST_ERRORS else []
        raise ConfigurationError("\n".join(lines[:MOST_ERRORS] + more))
