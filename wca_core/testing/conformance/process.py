"""What is asked of a guest in the agent's process, and on the machine: it writes nothing, and leaves all as it was."""

from __future__ import annotations

import hashlib
import locale
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import HookFailedError, broken, not_asked
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.terminal import NobodyError
from wca_core.testing.conformance.trial import Trial, trial
from wca_core.testing.conformance.watch import AIDS, Watch


def writes_no_file(subject: Subject) -> None:
    """Nothing is written, made, renamed or removed but the files that its fields name; measuring aids are let be."""
    watch = Watch()
    with trial(subject, watch=watch) as one:
        _troubled_life(one)
        own = list(_paths_in(subject, one.folder))
        for path in watch.written:
            if not AIDS.search(path) and not any(path.startswith(each) for each in own):
                broken(f"{subject.place} wrote {path}: only a transaction writes: yield a Write from `plan_writes`")


def leaves_the_files_of_the_machine(subject: Subject) -> None:
    """The machine's /proc, /sys and cgroups hold after a step what they held before."""
    subject.need(
        "discover_tasks", "collect_metrics", "derive_metrics", "detect", "allocate", "store", "read_allocations"
    )
    with trial(subject) as one:
        one.start()
        for _ in range(2):
            one.grow()
            before = content(one.machine.root)
            one.step()
            for path, text in content(one.machine.root).items():
                if before.get(path) != text and not AIDS.search(path):
                    broken(f"{subject.place} changed {path}: only a transaction writes; see `plan_writes`")
        one.stop()


def runs_no_other_program(subject: Subject) -> None:
    """No program is run and no process forked: hundreds of agents would run it every second."""
    for seen in _watched(subject).programs:
        broken(f"{subject.place}: {seen}: read the kernel's files instead, or ask a server")


def sends_no_signal(subject: Subject) -> None:
    """No process is sent a signal."""
    for seen in _watched(subject).signals:
        broken(f"{subject.place}: {seen}: a plugin wishes (`allocate`); what is written is an operator's affair")


def changes_no_limit_and_no_environment(subject: Subject) -> None:
    """The limits and the environment variables of the agent's process are not touched."""
    for seen in _watched(subject).settings:
        broken(f"{subject.place}: {seen}: it is the whole agent's; take a field instead")


def asks_nobody_at_the_terminal(subject: Subject) -> None:
    """It never reads from standard input: an agent has nobody there, and would wait for ever."""
    try:
        seen = _watched(subject).questions
    except HookFailedError as error:
        if not isinstance(error.error, NobodyError | EOFError):
            raise
        seen = [str(error)]
    for question in seen:
        broken(f"{subject.place}: {question}: take a field instead")


def does_not_end_the_process(subject: Subject) -> None:
    """No hook raises SystemExit: the agent goes on without a plugin, not the other way round."""
    try:
        _watched(subject)
    except HookFailedError as error:
        if not isinstance(error.error, SystemExit):
            raise
        broken(f"{subject.place}: {error}: raise a WcaError, StartError in `start`")


def leaves_signals_to_the_agent(subject: Subject) -> None:
    """No handler of a signal is set: SIGTERM, SIGINT and SIGHUP are the agent's."""
    _the_same_after(subject, _handlers)


def leaves_logging_to_the_agent(subject: Subject) -> None:
    """Neither the root logger's level, handlers and filters nor those of `wca` are changed."""
    _the_same_after(subject, _loggers)


def leaves_the_process_as_it_was(subject: Subject) -> None:
    """Working directory, environment, locale, file mask, CPUs, priority and Python's own settings are as before."""
    _the_same_after(subject, _settings)


def prints_nothing(subject: Subject) -> None:
    """Nothing is printed to standard output or error by a plugin that is no storage: it has a logger."""
    if "store" in subject.hooks:
        not_asked("it is a storage, which may")
    with trial(subject) as one:
        _troubled_life(one)
        if one.printed:
            broken(f"{subject.place} prints {one.printed[:80]!r}: use logging.getLogger('wca.plugins.{subject.name}')")


def _troubled_life(one: Trial) -> None:
    one.give(one.tasks, reading=scene.disturbed)
    one.run(6)


def _watched(subject: Subject) -> Watch:
    watch = Watch()
    with trial(subject, watch=watch) as one:
        _troubled_life(one)
    return watch


def _paths_in(subject: Subject, folder: Path) -> Iterator[str]:
    """Where its fields say that it may write."""
    for value in _texts_in(subject.given(folder)):
        if value.startswith("/") and len(value) > 1:
            yield value


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from _texts_in(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts_in(item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _texts_in([getattr(value, one.name) for one in fields(value)])


def content(root: Path) -> dict[str, str]:
    """By path within the machine, what identifies a file's content."""
    return {
        f"/{path.relative_to(root)}": hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
        for path in sorted(root.rglob("*"))
    }


def _the_same_after(subject: Subject, look: Callable[[], dict[str, object]]) -> None:
    before = look()
    try:
        with trial(subject) as one:
            _troubled_life(one)
        after = look()
        for name, value in after.items():
            if before[name] != value:
                broken(f"{subject.place} changed {name} from {before[name]!r:.80} to {value!r:.80}: it is the agent's")
    finally:
        _put_back(before)


def _handlers() -> dict[str, object]:
    return {f"the handler of {one.name}": signal.getsignal(one) for one in signal.Signals}


def _loggers() -> dict[str, object]:
    found: dict[str, object] = {"logging.disable": logging.root.manager.disable}
    for name in ("", "wca"):
        logger = logging.getLogger(name)
        state = logger.level, tuple(logger.handlers), tuple(logger.filters), logger.disabled, logger.propagate
        found[f"logger {name or 'root'}"] = state
    return found


def _settings() -> dict[str, object]:
    mask = os.umask(0)
    os.umask(mask)
    return {
        "the working directory": os.getcwd(),
        "the environment": dict(os.environ),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the file mask": mask,
        "the CPUs it runs on": os.sched_getaffinity(0),
        "the priority": os.getpriority(os.PRIO_PROCESS, 0),
        "the limit of open files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "the limit of recursion": sys.getrecursionlimit(),
        "the timeout of sockets": socket.getdefaulttimeout(),
        "the hook for uncaught errors": sys.excepthook,
    }


def _put_back(before: dict[str, object]) -> None:
    """So that one broken plugin does not break the tests behind it."""
    if "the working directory" in before:
        os.chdir(str(before["the working directory"]))
        os.umask(int(str(before["the file mask"])))
        locale.setlocale(locale.LC_ALL, str(before["the locale"]))
        wanted = before["the environment"]
        if isinstance(wanted, dict) and wanted != dict(os.environ):
            os.environ.clear()
            os.environ.update(wanted)


CHECKS = (
    writes_no_file,
    leaves_the_files_of_the_machine,
    runs_no_other_program,
    sends_no_signal,
    changes_no_limit_and_no_environment,
    asks_nobody_at_the_terminal,
    does_not_end_the_process,
    leaves_signals_to_the_agent,
    leaves_logging_to_the_agent,
    leaves_the_process_as_it_was,
    prints_nothing,
)
