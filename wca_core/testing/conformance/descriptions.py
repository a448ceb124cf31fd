"""What is asked of what a plugin says of itself: the metrics that it describes, and what it needs."""

from __future__ import annotations

from wca_core.host import Host
from wca_core.model.metric import Metric
from wca_core.model.requirement import Requirement
from wca_core.testing.conformance.check import broken, not_asked, of_hooks
from wca_core.testing.conformance.machine_files import new_machine
from wca_core.testing.conformance.scene import described_by_all
from wca_core.testing.conformance.subject import Subject, scratch
from wca_core.testing.conformance.trial import trial


@of_hooks("describe_metrics")
def describes_metrics_before_it_starts(subject: Subject) -> None:
    """`describe_metrics` answers on an instance that was never started, on any machine, with descriptions only."""
    for one in _described(subject):
        if not isinstance(one, Metric):
            broken(f"{subject.place}.describe_metrics gave {one!r:.80} ({type(one).__name__}); a Metric expected")


@of_hooks("describe_metrics")
def describes_each_metric_once(subject: Subject) -> None:
    """No two descriptions have the same name."""
    names = [one.name for one in _metrics(subject)]
    for name in names:
        if names.count(name) > 1:
            broken(f"{subject.place} describes {name} {names.count(name)} times: leave out all but one")


@of_hooks("describe_metrics")
def describes_the_same_twice(subject: Subject) -> None:
    """Asked again, the same instance and another one describe the same metrics."""
    with trial(subject) as one, trial(subject) as other:
        answers = [list(map(repr, asked.call("describe_metrics"))) for asked in (one, one, other)]
    for answer in answers[1:]:
        if answer != answers[0]:
            differing = sorted(set(answer) ^ set(answers[0]))[:3]
            broken(f"{subject.place}.describe_metrics gave another answer when asked again: {differing}")


@of_hooks("describe_metrics")
def describes_no_metric_otherwise_than_others(subject: Subject) -> None:
    """A metric that another installed plugin describes too has the same type, unit and levels there."""
    own = {one.name: one for one in _metrics(subject)}
    for other in described_by_all():
        mine = own.get(other.metric.name)
        if mine is not None and kind(mine) != kind(other.metric):
            theirs = f"{other.plugin} describes it as {kind(other.metric)}"
            broken(f"{subject.place} describes {mine.name} as {kind(mine)}; {theirs}: choose another name")


@of_hooks("requirements")
def names_what_it_needs_and_how_to_get_it(subject: Subject) -> None:
    """Every requirement is a `Requirement` with words for the need, a question to a host, and a cure in words."""
    with trial(subject) as one, scratch() as folder:
        host = new_machine(folder / "machine").host()
        for need in one.call("requirements"):
            if not isinstance(need, Requirement):
                broken(f"{subject.place}.requirements gave {need!r:.80}; a Requirement expected")
            if not need.need.strip() or not callable(need.is_met):
                broken(f"{subject.place}: a need in words and a function is_met(host) expected, found {need!r:.200}")
            cure = _cure(need, host)
            if not isinstance(cure, str) or not cure.strip():
                broken(f"{subject.place}: {need.need}: a cure in words expected, found {cure!r}")


@of_hooks("requirements")
def asks_a_machine_whether_its_needs_are_met(subject: Subject) -> None:
    """Whether a need is met is answered by yes or no for any machine, also for one without any file."""
    with trial(subject) as one, scratch() as folder:
        (folder / "nothing").mkdir()
        machines = {"the kit's machine": one.machine, "a machine without files": type(one.machine)(folder / "nothing")}
        for need in one.call("requirements"):
            for name, machine in machines.items():
                answer = _is_met(need, machine.host()) if isinstance(need, Requirement) else True
                if not isinstance(answer, bool):
                    broken(f"{subject.place}: {need}: is_met on {name}: True or False expected, found {answer!r}")


def _cure(need: Requirement, host: Host) -> object:
    """What to do on this host, or what it raised."""
    try:
        return need.cure_on(host)
    except Exception as error:  # noqa: BLE001  it is a plugin's
        return error


def _is_met(need: Requirement, host: Host) -> object:
    """The answer; one that raises counts as no, as its description says."""
    try:
        return need.is_met(host)
    except Exception:  # noqa: BLE001  it is a plugin's
        return False


def _described(subject: Subject) -> list[object]:
    with trial(subject) as one:
        return one.call("describe_metrics")


def _metrics(subject: Subject) -> list[Metric]:
    found = [one for one in _described(subject) if isinstance(one, Metric)]
    return found or not_asked(f"{subject.name} describes no metric with these fields")


def kind(metric: Metric) -> str:
    """In words, what has to be the same of two metrics of one name."""
    levels = f" by {', '.join(metric.levels)}" if metric.levels else ""
    return f"{metric.type} in {metric.unit}{levels}"


CHECKS = (
    describes_metrics_before_it_starts,
    describes_each_metric_once,
    describes_the_same_twice,
    describes_no_metric_otherwise_than_others,
    names_what_it_needs_and_how_to_get_it,
    asks_a_machine_whether_its_needs_are_met,
)
