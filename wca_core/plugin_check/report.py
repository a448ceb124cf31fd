"""What came of an examination, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from wca_core.testing import Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """Of one plugin."""

    name: str
    target: str
    """`module:Class`"""
    verdicts: Sequence[Verdict] = ()
    misuse: str = ""
    """Why it could not be asked, for what the user gave or left out; empty if it was."""

    @property
    def exit_code(self) -> int:
        """0: it keeps everything that was asked; 1: it does not; 2: it was not asked."""
        if self.misuse:
            return 2
        return 1 if any(verdict.state == "broken" for verdict in self.verdicts) else 0

    def as_dict(self) -> dict[str, object]:
        verdicts = [asdict(verdict) for verdict in self.verdicts]
        return {"name": self.name, "target": self.target, "error": self.misuse, "verdicts": verdicts}

    def lines(self) -> Iterator[str]:
        """A title, a line for each check with what it came to, and the counts."""
        yield f"{self.name} ({self.target})"
        if self.misuse:
            yield f"  {self.misuse}"
            return
        for verdict in self.verdicts:
            yield from _lines(verdict)
        counts = Counter(verdict.state for verdict in self.verdicts)
        yield f"{counts['kept']} kept, {counts['broken']} broken, {counts['not asked']} not asked"


def _lines(verdict: Verdict) -> Iterator[str]:
    reason, *more = verdict.detail.removeprefix("not asked, because ").splitlines() or [""]
    name = verdict.check.replace("_", " ")
    yield f"  {verdict.state:<9}  {name}{': ' if reason else ''}{reason}"
    if verdict.state == "broken":
        for line in more:
            yield f"{'':13}{line}"
