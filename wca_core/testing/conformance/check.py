"""One check: a fact that a plugin must keep, told in a sentence, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias, TypeVar
from unittest import SkipTest

from wca_core.errors import WcaError

if TYPE_CHECKING:
    from wca_core.testing.conformance.subject import Subject

HOOKS = "asked_of_hooks"
"""The attribute in which a question says whom it is for."""

_Question = TypeVar("_Question", bound="Callable[[Subject], None]")

State: TypeAlias = Literal["kept", "broken", "not asked"]


class BrokenError(WcaError, AssertionError):
    """A plugin does not keep what the check says: place, expected, found, what to do."""


class NotAskedError(WcaError, SkipTest):
    """The check has nothing to ask of this plugin; test runners take it for skipped."""


class HookFailedError(BrokenError):
    """A hook raised what it may not raise: anything but our own family of errors."""

    def __init__(self, message: str, error: BaseException) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to."""

    check: str
    state: State
    detail: str = ""
    """Why it is broken, or was not asked."""
    sentence: str = ""
    """What the check holds."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name."""

    name: str
    sentence: str
    """What it holds of every plugin."""
    topic: str
    """Of several checks."""
    question: Callable[[Subject], None]
    needs_survival: bool = False
    """It asks of what hooks give: nothing, if one of them raises, which another check tells."""
    hooks: tuple[str, ...] = ()
    """Of which a plugin must have one to be asked; empty: every plugin is."""

    @classmethod
    def of(cls, question: Callable[[Subject], None], topic: str, needs_survival: bool = False) -> Check:
        """The function's name and docstring are told to people."""
        sentence = " ".join((question.__doc__ or "").split())
        return cls(question.__name__, sentence, topic, question, needs_survival, getattr(question, HOOKS, ()))

    def concerns(self, subject: Subject) -> bool:
        """Whether the plugin has a hook that this is about."""
        return not self.hooks or subject.has(*self.hooks)

    def ask(self, subject: Subject) -> None:
        """Raises `BrokenError` or `NotAskedError`."""
        try:
            subject.need(*self.hooks)
            self.question(subject)
        except HookFailedError as error:
            if self.needs_survival:
                not_asked(f"{error}, which another check tells")
            raise
        except (BrokenError, NotAskedError):
            raise
        except WcaError as error:
            broken(f"{subject.place}: {type(error).__name__}: {error}")

    def verdict(self, subject: Subject) -> Verdict:
        """Ask it. Never raises, except what ends the process."""
        try:
            self.ask(subject)
        except NotAskedError as error:
            return Verdict(self.name, "not asked", str(error), self.sentence)
        except BrokenError as error:
            return Verdict(self.name, "broken", str(error), self.sentence)
        except Exception as error:  # noqa: BLE001  what a plugin gives may raise when it is looked at
            return Verdict(self.name, "broken", f"cannot be asked: {type(error).__name__}: {error}", self.sentence)
        return Verdict(self.name, "kept", "", self.sentence)


def of_hooks(*hooks: str) -> Callable[[_Question], _Question]:
    """Ask this only of plugins that have one of these hooks."""

    def marked(question: _Question) -> _Question:
        setattr(question, HOOKS, hooks)
        return question

    return marked


def broken(text: str) -> NoReturn:
    """Tell what is wrong. Raises `BrokenError`."""
    raise BrokenError(text)


@contextmanager
def blaming(what: str) -> Iterator[None]:
    """What is raised within is this one's fault. Raises `BrokenError` with these words before it."""
    try:
        yield
    except NotAskedError:
        raise
    except WcaError as error:
        broken(f"{what}: {error}")


def not_asked(because: str) -> NoReturn:
    """Say why there is nothing to ask. Raises `NotAskedError`."""
    raise NotAskedError(f"not asked, because {because}")
