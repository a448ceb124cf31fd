"""Everything that the doctor found, for programs: docs/reference/doctor.schema.json describes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wca_core import __version__
from wca_core.doctor.examination import Examined, is_lack
from wca_core.doctor.fact import Fact
from wca_core.readiness import Finding

FORM = 1
"""Grows when a key goes away or gets another meaning; new keys do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing to do, and for whom."""

    what: str
    is_required: bool
    reasons: tuple[str, ...]
    """`cgroup needs a mounted cgroup hierarchy: task_*`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One machine, as this process sees it."""

    host: str
    root: str
    plugins: Sequence[Examined]
    machine: Sequence[Fact]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing that some plugin requires."""
        return all(plugin.is_ready for plugin in self.plugins)

    @property
    def to_do(self) -> list[ToDo]:
        """What is required first; what several gain from stands once."""
        reasons: dict[str, list[str]] = {}
        required: set[str] = set()
        for what, is_required, reason in self._advice():
            reasons.setdefault(what, []).append(reason)
            if is_required:
                required.add(what)
        found = [
            ToDo(what=what, is_required=what in required, reasons=tuple(dict.fromkeys(those)))
            for what, those in reasons.items()
        ]
        return sorted(found, key=lambda one: not one.is_required)

    def as_dict(self) -> dict[str, object]:
        return {
            "form": FORM,
            "wca_version": __version__,
            "host": self.host,
            "root": self.root,
            "ready": self.is_ready,
            "plugins": [_plugin(plugin) for plugin in self.plugins],
            "machine": [fact.as_dict() for fact in self.machine],
            "to_do": [
                {"what": one.what, "required": one.is_required, "reasons": list(one.reasons)} for one in self.to_do
            ],
        }

    def _advice(self) -> Iterator[tuple[str, bool, str]]:
        """What to do, whether it is required, and why."""
        for plugin in self.plugins:
            for finding in plugin.findings:
                if is_lack(finding):
                    lost = f", for {finding.requirement.lost}" if finding.requirement.lost else ""
                    yield finding.cure, finding.is_refusal, f"{plugin.name} needs {finding.requirement.need}{lost}"
        for fact in self.machine:
            if fact.advice:
                yield fact.advice, False, f"{fact.topic}: {fact.gain}"


def _plugin(plugin: Examined) -> dict[str, object]:
    return {
        "name": plugin.name,
        "verdict": plugin.verdict.name.lower(),
        "trouble": plugin.trouble or None,
        "needs": [_need(finding) for finding in plugin.findings],
    }


def _need(finding: Finding) -> dict[str, object]:
    requirement = finding.requirement
    return {
        "need": requirement.need,
        "state": finding.state.value,
        "required": requirement.required,
        "only_with": requirement.only_with or None,
        "found": finding.found or None,
        "lost": requirement.lost or None,
        "cure": finding.cure or None,
    }
