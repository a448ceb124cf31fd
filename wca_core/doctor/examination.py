"""The needs of plugins, held against a host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wca_core.host import Host
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import call_hook, hooks_of
from wca_core.readiness import Finding, State, examined


class Verdict(StrEnum):
    """What a plugin can do on a host."""

    READY = "ready"
    LESS = "gives less"
    REFUSED = "cannot work"
    """Something required is missing, or could not be checked."""
    BROKEN = "cannot be asked"
    """It does not load, or raised when asked."""
    UNKNOWN = "needs fields"
    """It was made without fields that its needs depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One plugin."""

    name: str
    findings: tuple[Finding, ...] = ()
    trouble: str = ""
    """Why it could not be asked."""
    lacks_fields: bool = False
    """The trouble is only that nobody gave it fields without a default."""

    @property
    def verdict(self) -> Verdict:
        if self.trouble:
            return Verdict.UNKNOWN if self.lacks_fields else Verdict.BROKEN
        if any(finding.is_refusal for finding in self.findings):
            return Verdict.REFUSED
        return Verdict.LESS if any(map(is_lack, self.findings)) else Verdict.READY

    @property
    def is_ready(self) -> bool:
        """Whether nothing that is required is missing, as far as can be told."""
        return self.verdict not in (Verdict.REFUSED, Verdict.BROKEN)


def is_lack(finding: Finding) -> bool:
    """Whether the plugin gives less, or nothing, because of this need."""
    return finding.state is not State.MET and not finding.requirement.only_with


def examine(name: str, plugin: object, host: Host) -> Examined:
    """Ask a plugin for its needs and check them. Never raises because of it."""
    if "requirements" not in hooks_of(type(plugin)):
        return Examined(name=name)
    try:
        answer = call_hook(plugin, "requirements")
        needs = [*answer] if isinstance(answer, Iterable) else []
    except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may raise anything
        return Examined(name=name, trouble=f"{type(error).__name__}: {error}")
    for need in needs:
        if not isinstance(need, Requirement):
            return Examined(name=name, trouble=f"it gave a {type(need).__name__}, which is no Requirement")
    return Examined(name=name, findings=tuple(examined(need, host) for need in needs))
