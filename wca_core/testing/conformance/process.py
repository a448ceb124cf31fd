"""What is asked of a guest in the agent's process, and on the machine: it writes nothing, and leaves all as it was."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import HookFailedError, broken, not_asked, of_hooks
from wca_core.testing.conformance.node import OF_MACHINE
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.surroundings import Look, handlers, loggers, settings
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


@of_hooks("discover_tasks", "collect_metrics", "derive_metrics", "detect", "allocate", "store", "read_allocations")
def leaves_the_files_of_the_machine(subject: Subject) -> None:
    """The machine's /proc, /sys and cgroups hold after a step what they held before."""
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


@of_hooks(*OF_MACHINE)
def reads_the_machine_that_it_is_given(subject: Subject) -> None:
    """/proc and /sys are read where `host` has them: an agent in a container sees the machine's elsewhere."""
    for path in _watched(subject).read:
        broken(f"{subject.place} read {path}: host.proc, host.path('/sys/...') or host.cgroup_directory(...) expected")


def runs_no_other_program(subject: Subject) -> None:
    """No program is run and no process forked: hundreds of agents would run it every second."""
    before = _of_children()
    seen_programs = _watched(subject).programs
    if not seen_programs and _of_children() != before:
        seen_programs = ["a process was started, and has ended"]
    for seen in seen_programs:
        broken(f"{subject.place}: {seen}: read the kernel's files instead, or ask a server")


def _of_children() -> int:
    """Grows with every child that has ended, also of those that Python starts without an audit event."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt


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
    _the_same_after(subject, handlers)


def leaves_logging_to_the_agent(subject: Subject) -> None:
    """Neither the root logger's level, handlers and filters nor those of `wca` are changed."""
    _the_same_after(subject, loggers)


def leaves_the_process_as_it_was(subject: Subject) -> None:
    """Working directory, environment, locale, file mask, CPUs, priority and Python's own settings are as before."""
    _the_same_after(subject, settings)


def prints_nothing(subject: Subject) -> None:
    """Nothing is printed to standard output by a plugin that is no storage: it has a logger."""
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


def _the_same_after(subject: Subject, look: Look) -> None:
    """Asked while it lives, and after it has stopped."""
    before = look()
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.disturbed)
        one.start()
        for _ in range(6):
            one.step()
        lives = look()
        one.stop()
        for after in (lives, look()):
            for name, value in after.items():
                if before[name] != value:
                    changed = f"from {before[name]!r:.80} to {value!r:.80}"
                    broken(f"{subject.place} changed {name} {changed}: it is the agent's")


CHECKS = (
    writes_no_file,
    leaves_the_files_of_the_machine,
    reads_the_machine_that_it_is_given,
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
