"""The pacing of steps: deadlines without drift, missed ones counted; what signals ask for is done between steps."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import closing

from wca_core import logs
from wca_core.agent import Agent
from wca_core.service import ServiceManager
from wca_core.signals import PATIENCE, Asked, StepTakesTooLong, obeyed
from wca_core.state_dump import StateDump

log = logging.getLogger("wca.loop")


def run_steps(agent: Agent, interval: float | None, count: int | None = None) -> None:
    """Step until `count` is reached or SIGTERM or SIGINT comes; `interval` [seconds], 0 or None: no pause.

    Starts the agent before and stops it after, whatever happens. Raises `StartError`.
    """
    service = ServiceManager(os.environ)
    with closing(Asked()) as asked, obeyed(asked, StateDump(agent.host).tell):
        agent.start()
        try:
            service.expect_steps_every(interval or 0.0)
            _steps(agent, interval or 0.0, count, asked, service)
        except StepTakesTooLong:
            log.error("the step did not end within %d s after the signal and was broken off", PATIENCE)
        finally:
            signal.alarm(0)  # the patience was for the step; stopping has its own
            service.stopping()
            agent.stop()


def _steps(agent: Agent, interval: float, count: int | None, asked: Asked, service: ServiceManager) -> None:
    statistics, monotonic = agent.host.statistics, agent.host.clock.monotonic
    deadline = monotonic()
    while not asked.to_stop and (count is None or statistics.iterations < count):
        started = monotonic()
        ended = counted_step(agent, interval)
        service.stepped(f"tasks: {statistics.tasks}; steps that took too long: {statistics.overruns}")
        if statistics.iterations == count:
            return
        deadline, missed = next_deadline(deadline, ended, interval)
        statistics.missed_deadlines += missed
        _pause(agent, asked, deadline, service)
        statistics.function("sleep").add(monotonic() - ended)
        statistics.function("iteration").add(monotonic() - started)


def counted_step(agent: Agent, interval: float) -> float:
    """One step, with what is told of it; when it ended [steady seconds]."""
    statistics, monotonic = agent.host.statistics, agent.host.clock.monotonic
    started = monotonic()
    agent.step()
    ended = monotonic()
    statistics.function("iteration_work").add(ended - started)
    statistics.iterations += 1
    if interval and ended - started > interval:
        statistics.overruns += 1
    return ended


def _pause(agent: Agent, asked: Asked, deadline: float, service: ServiceManager) -> None:
    """Wait for the deadline, or for the signal to stop."""
    monotonic = agent.host.clock.monotonic
    while not asked.to_stop and asked.wait(max(0.0, deadline - monotonic())):
        if asked.takes_reload():
            with service.reloading():
                logs.reopen()
                log.info("SIGHUP: plugins open their outputs again and read their files again")
                agent.reload()


def next_deadline(deadline: float, now: float, interval: float) -> tuple[float, int]:
    """The deadline of the next step, and how many before it are missed for good.

    Deadlines stay multiples of the interval behind the first. One that has passed is served at once,
    late; those before it are missed.
    """
    if interval <= 0:
        return now, 0
    passed = int((now - deadline) / interval)
    if passed < 1:
        return deadline + interval, 0
    return deadline + passed * interval, passed - 1
