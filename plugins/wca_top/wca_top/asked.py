"""From the options of the command to a source: an agent of its own, a running one, or a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wca_core.cli.options import configured

if TYPE_CHECKING:
    from wca_top.source import Source

TRIES = 5
"""Questions in a row that may fail where a number of steps is wanted: a script waits for it."""


@dataclass(frozen=True, slots=True)
class Named:
    """What is to be run."""

    config: str | None = None
    plugins: str | None = None
    overrides: list[str] | None = None
    without: list[str] | None = None
    register: list[str] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is shown instead of this machine."""

    connect: str | None = None
    token_file: str | None = None
    replay: str | None = None
    speed: str | None = None

    @property
    def is_asked_for(self) -> bool:
        return self.connect is not None or self.replay is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, except those that say how it is shown."""

    named: Named
    elsewhere: Elsewhere
    interval: float | None = None
    no_lock: bool = False
    host_root: str = "/"

    @property
    def chooses_machine(self) -> bool:
        return self.no_lock or self.host_root != "/"


def source_of(asked: Asked, *, is_plain: bool, count: int | None) -> Source:
    """`is_plain`: each step is a line. Raises `ConfigurationError` for options that do not go together."""
    elsewhere = asked.elsewhere
    _refuse(elsewhere.speed is not None and elsewhere.replay is None, "--speed is for --replay, which is missing")
    lost_token = elsewhere.token_file is not None and elsewhere.connect is None
    _refuse(lost_token, "--token-file: the token is for --connect, which is missing")
    if elsewhere.replay is not None:
        return _recorded(asked, elsewhere.replay, is_plain=is_plain)
    if elsewhere.connect is not None:
        return _remote(asked, elsewhere.connect, tries=None if count is None else TRIES)
    return _own(asked)


def _remote(asked: Asked, address: str, tries: int | None) -> Source:
    from wca_top.http_source import HttpSource

    _refuse(asked.named != Named(), "--connect shows what another agent measures: leave out what is to be run")
    _refuse(asked.chooses_machine, "--connect measures nothing: leave out --no-lock and --host-root")
    return HttpSource(address, token_file=asked.elsewhere.token_file, interval=asked.interval or 1.0, tries=tries)


def _recorded(asked: Asked, file: str, *, is_plain: bool) -> Source:
    named = asked.named
    _refuse(asked.elsewhere.connect is not None, "--replay and --connect: one of both")
    _refuse(
        bool(named.config or named.without or named.strict or asked.interval or asked.chooses_machine),
        "--replay shows what was measured: only --plugins, --set, -r, --speed and --count go with it",
    )
    is_nobodys = bool(named.overrides) and not (named.plugins or named.register)
    _refuse(is_nobodys, "--set: --plugins says whose field it is")
    from wca_top.replay_source import opened

    return opened(file, named, asked.elsewhere.speed, is_plain=is_plain)


def _own(asked: Asked) -> Source:
    from wca_core.errors import ConfigurationError
    from wca_core.host import Host
    from wca_core.lock import default_lock_path
    from wca_top.agent_source import AgentSource

    named = asked.named
    found = configured(named.config, named.plugins, named.overrides, named.without, named.strict)
    if not found.has_plan:
        raise ConfigurationError(f"!{type(found.runner).__name__} has a loop of its own, which cannot be watched")
    plan = found.plan()
    if asked.interval is not None:
        plan = replace(plan, interval=asked.interval)
    lock_path = None if asked.no_lock else default_lock_path()
    return AgentSource(plan, Host(root=asked.host_root), lock_path=lock_path, file=found.file)


def _refuse(is_wrong: bool, message: str) -> None:
    from wca_core.errors import ConfigurationError

    if is_wrong:
        raise ConfigurationError(message)
