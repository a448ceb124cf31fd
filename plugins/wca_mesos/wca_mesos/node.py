"""The plugin `mesos`: the tasks that the Mesos agent of this machine runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal
from urllib.parse import urlsplit

from wca_core.config.field_types import Between, IsPath, Str, Url
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample
from wca_core.model.requirement import Requirement
from wca_core.model.selector import Selector, parse_selector
from wca_core.model.task import Task, interned
from wca_core.net import Authorization, BasicAuthorization, BearerToken, HttpClient
from wca_core.net.last_answer import LastAnswer
from wca_core.net.polls import METRICS as POLL_METRICS
from wca_core.net.polls import Polls
from wca_core.plugin_api import hookimpl, plugin
from wca_core.tls import SSL
from wca_mesos.agent_api import PERMISSIONS, UNTRUSTED, AgentApi
from wca_mesos.cgroups import CgroupLookup
from wca_mesos.metrics import STALE
from wca_mesos.seen import Complaint, Seen, Told, look
from wca_mesos.state import Container, Running, State
from wca_mesos.tasks import tasks_of

log = logging.getLogger("wca.mesos")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class MesosNode:
    """The tasks that the Mesos agent of this machine runs with its own containerizer."""

    mesos_agent_endpoint: Url = "https://127.0.0.1:5051"
    timeout: Annotated[float, Between(1, 60)] = 5.0
    """Seconds, for connecting and for each read; twice that for all of one answer."""
    ssl: SSL | None = None
    """None: the certificate of the agent must be of an authority that this machine trusts."""
    principal: Str | None = None
    secret_path: Annotated[str, IsPath(access=os.R_OK)] | None = None
    """The password of `principal`, read again whenever it was renewed."""
    token_path: Annotated[str, IsPath()] | None = None
    """A token to show instead, read again whenever it was renewed."""
    use_get_containers: bool = False
    """Ask for containers too: to know pids that tasks do not tell, and containers in a task group."""
    nested: Literal["ignore", "group", "separate"] = "group"
    """Tasks of task groups: left out, one for each group, or each where it has a cgroup with limits of its own."""
    label_prefixes_to_drop: list[Str] = field(default_factory=lambda: ["org.apache.", "aurora.metadata."])
    """Tried one after the other on each key."""
    framework_names: list[Str] = field(default_factory=list)
    """Only tasks of these frameworks; without names: of all."""
    label_selector: Str | None = None
    """Only tasks with these labels: `app=web,tier in (a, b),!legacy`, in the names that labels have in metrics."""
    max_tasks: Annotated[int, Between(1)] = 1000
    """Tasks behind so many are left out."""
    max_staleness: Annotated[float, Between(0, 600)] = 0.0
    """Seconds for which the last tasks stand in where the agent cannot be asked."""

    _selector: Selector | None = field(default=None, init=False, repr=False)
    _link: _Link | None = field(default=None, init=False, repr=False)
    _lookup: CgroupLookup = field(default_factory=CgroupLookup, init=False, repr=False)
    _told: Told = field(default_factory=Told, init=False, repr=False)
    _tasks: list[Task] = field(default_factory=list, init=False, repr=False)
    _last: tuple[State, Seen] | None = field(default=None, init=False, repr=False)
    """What the tasks were made of."""

    def __post_init__(self) -> None:
        if (self.principal is None) is not (self.secret_path is None):
            raise ConfigurationError("principal and secret_path belong together: one is missing")
        if self.principal is not None and self.token_path is not None:
            raise ConfigurationError("token_path: an agent is shown one thing, and there is a principal too")
        if self.principal is not None and ":" in self.principal:
            raise ConfigurationError("principal: a name without ':' expected, which ends it (RFC 7617)")
        if self._authorization is not None and _is_open(self.mesos_agent_endpoint):
            log.warning("mesos_agent_endpoint: by http everybody on the way can read the secret; https hides it")
        try:
            self._selector = parse_selector(self.label_selector) if self.label_selector else None
        except ValueError as error:
            raise ConfigurationError(f"label_selector: {error}") from error

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_mesos.needs import NEEDS  # what it looks at is not needed to start

        return NEEDS

    @hookimpl
    def discover_tasks(self, host: Host) -> Sequence[Task]:
        link = self._opened(host)
        return link.answer.to(lambda: self._found(link, host))

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return (*POLL_METRICS, STALE)

    @hookimpl
    def collect_metrics(self) -> Iterator[Sample]:
        if self._link is not None:
            yield from self._link.polls.samples()
            yield STALE.sample(int(self._link.answer.is_stale))

    @hookimpl
    def stop(self) -> None:
        if self._link is not None:
            self._link.api.close()

    def _opened(self, host: Host) -> _Link:
        if self._link is None:
            client = HttpClient(
                self.mesos_agent_endpoint,
                timeout=self.timeout,
                tls=self.ssl,
                authorization=self._authorization,
                if_untrusted=UNTRUSTED,
            )
            self._link = _Link(
                AgentApi(client, self.label_prefixes_to_drop),
                Polls("mesos", host.clock.now),
                LastAnswer("mesos", self.max_staleness, host.clock),
            )
        return self._link

    @property
    def _authorization(self) -> Authorization | None:
        if self.principal is not None and self.secret_path is not None:
            return BasicAuthorization(self.principal, self.secret_path)
        return BearerToken(self.token_path) if self.token_path is not None else None

    def _found(self, link: _Link, host: Host) -> list[Task]:
        """What the agent tells now, and where that is on this machine."""
        with link.polls.poll():
            state = link.api.state()
            pids = link.api.containers() if self.use_get_containers else {}
            running = [_with_pid(one, pids) for one in state.running if self._is_wanted(one, state)]
            seen = look(self._lookup, host, running, pids)
        if self._last is None or self._last[0] is not state or self._last[1] != seen:
            self._tasks = self._made(state, seen)
            self._last = state, seen
        return self._tasks

    def _made(self, state: State, seen: Seen) -> list[Task]:
        tasks, conflicts = tasks_of(seen.running, seen.sight, state.executors, separate=self.nested == "separate")
        chosen = [task for task in tasks if self._selector is None or self._selector.matches(task.labels)]
        self._tell(state, [*seen.complaints, *map(Complaint, conflicts)], len(chosen))
        known = {task.task_id: task for task in self._tasks}
        made = interned(chosen[: self.max_tasks], known)
        for task in made:
            if known.get(task.task_id) is not task:
                log.debug("%r", task)
        return made

    def _is_wanted(self, one: Running, state: State) -> bool:
        if one.is_nested and self.nested == "ignore":
            return False
        return not self.framework_names or state.frameworks.get(one.framework_id) in self.framework_names

    def _tell(self, state: State, complaints: Sequence[Complaint], count: int) -> None:
        found = [*map(Complaint, state.complaints), *complaints]
        if count > self.max_tasks:
            found.append(Complaint(f"more than {self.max_tasks} tasks: those behind are left out (max_tasks)"))
        self._told.tell(found)
        if self._last is not None and self._last[0].launched and not state.launched:
            log.warning("the Mesos agent tells of no task any more; if there are any: %s", PERMISSIONS)


@dataclass(frozen=True, slots=True)
class _Link:
    """To the agent, from the first step on."""

    api: AgentApi
    polls: Polls
    answer: LastAnswer[list[Task]]


def _with_pid(one: Running, pids: Mapping[Container, int]) -> Running:
    """With the pid of its container where its status tells none."""
    return one if one.executor_pid is not None else replace(one, executor_pid=pids.get(one.container))


def _is_open(url: str) -> bool:
    """Whether what is sent there leaves this machine in plain text."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")
