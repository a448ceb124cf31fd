"""All checks of a plugin: as verdicts, and as a class of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from wca_core.testing.conformance import (
    contract,
    descriptions,
    discovery,
    fields,
    findings,
    growth,
    isolation,
    lifecycle,
    planning,
    process,
    samples,
    storing,
    survival,
)
from wca_core.testing.conformance.check import Check, Verdict
from wca_core.testing.conformance.subject import MakeMachine, Subject

TOPICS = {
    contract: "the class",
    fields: "its fields",
    descriptions: "what it says of itself",
    samples: "its samples",
    findings: "what it finds and wishes",
    discovery: "the tasks it discovers",
    storing: "what it stores",
    planning: "the writes it plans",
    survival: "what it survives",
    lifecycle: "starting and stopping",
    isolation: "its state",
    process: "the process and the machine around it",
    growth: "what it costs",
}
NEED_SURVIVAL = (samples, findings, isolation, process)
"""Modules whose checks look at what hooks give, of which `survival` says that they do not raise."""


def _checks() -> Iterator[Check]:
    for module, topic in TOPICS.items():
        for question in module.CHECKS:
            yield Check.of(question, topic, module in NEED_SURVIVAL)


CHECKS: Sequence[Check] = tuple(_checks())
"""In the order in which they are told."""


def examine(
    cls: type, fields: Mapping[str, object] | None = None, make_machine: MakeMachine | None = None
) -> list[Verdict]:
    """Ask every check of a plugin's class, made with these fields; see `conformance`."""
    subject = Subject(cls, fields or {}, make_machine)
    return [check.verdict(subject) for check in CHECKS]


def conformance(cls: type, make_machine: MakeMachine | None = None, /, **fields: object) -> type:
    """A class with a test for each check: `TestConformance = conformance(AcmeDetector, task_id="t1")`, in its tests.

    A field that is a function is called for each instance: with a folder of its own if it takes an argument. Checks of
    hooks that the plugin does not have are left out; one that has nothing else to ask is skipped with the reason.
    `make_machine`: what makes the fake machine that the plugin needs to start, in a folder.
    """
    subject = Subject(cls, fields, make_machine)
    tests = {f"test_{check.name}": _test(check, subject) for check in CHECKS if check.concerns(subject)}
    return type("TestConformance", (), {"__doc__": f"What every plugin keeps, asked of {cls.__name__}.", **tests})


def _test(check: Check, subject: Subject) -> Callable[[object], None]:
    def test(self: object) -> None:
        check.ask(subject)

    test.__name__ = test.__qualname__ = f"test_{check.name}"
    test.__doc__ = check.sentence
    return test
