"""An agent that steps in this process, in the thread of the source."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from threading import Event
from time import monotonic

from wca_core.agent import Agent
from wca_core.dispatch import STREAMS, Binding
from wca_core.errors import ConfigurationError, StartError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.lock import only_agent
from wca_core.loop import counted_step, next_deadline
from wca_core.model.metric import Samples
from wca_core.overview import OverviewMaker
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, plugin
from wca_top.source import View

SHORTEST = 0.1
"""Seconds from step to step: nobody reads faster."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Watcher:
    """A storage for what is shown."""

    stores_locally = True
    maker: OverviewMaker = field(default_factory=OverviewMaker)

    _host: Host | None = field(default=None, init=False, repr=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self._host = host
        self.maker.host = host.labels["host"]

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        if self._host is not None:
            self.maker.add(samples, stream, self._host.clock.now())


class AgentSource:
    """Measures `host` as `plan` says; storages that nobody asked for are left out.

    Raises `ConfigurationError` if a storage would write into the view.
    """

    def __init__(self, plan: Plan, host: Host, *, lock_path: str | None = None, file: str | None = None) -> None:
        """`lock_path`: the lock against a second agent; None: without. `file`: the configuration, for that lock."""
        host.extra_labels = {**host.extra_labels, **plan.extra_labels}
        self._plan = plan.dry  # who looks changes nothing
        self._host = host
        self._file = file
        self._lock_path = lock_path
        self._interval = max(SHORTEST, plan.interval or 0.0)
        self.bindings = [one for one in plan.bindings if not (one.is_default and "store" in one.hooks)]
        for one in self.bindings:
            if getattr(one.plugin, "output_filename", "") is None:
                raise ConfigurationError(
                    f"{one.name} would write into the view: --set {one.name}.output_filename=FILE, or leave it out"
                )

    @property
    def title(self) -> str:
        return f"{self._host.labels['host']} · every {self._interval:g} s"

    def run(self, view: View, stop: Event) -> None:
        """Raises `StartError`, also if another agent runs, and `PluginError`."""
        with ExitStack() as held:
            if self._lock_path is not None:
                _lock(held, self._lock_path, self._file)
            watcher = Watcher()
            watching = Binding(name="top", plugin=watcher, hooks=frozenset({"store"}), streams=STREAMS)
            agent = replace(self._plan, bindings=(*self.bindings, watching)).agent(self._host)
            agent.start()
            held.callback(agent.stop)
            self._step(agent, watcher.maker, view, stop)

    def _step(self, agent: Agent, maker: OverviewMaker, view: View, stop: Event) -> None:
        statistics = self._host.statistics
        deadline = monotonic()
        while not stop.is_set():
            ended = counted_step(agent, self._interval)
            overview = maker.overview()
            if overview is not None:
                view.show(overview)
            deadline, missed = next_deadline(deadline, ended, self._interval)
            statistics.missed_deadlines += missed
            stop.wait(max(0.0, deadline - monotonic()))


def _lock(held: ExitStack, path: str, file: str | None) -> None:
    try:
        held.enter_context(only_agent(path, file))
    except StartError as error:
        raise StartError(f"{error}\nor watch that one: wca top --connect http://127.0.0.1:9111") from error
