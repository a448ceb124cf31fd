"""What is asked of a plugin's class, before there is an instance of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from difflib import get_close_matches

from wca_core import hookspecs
from wca_core.dispatch import HOOKS
from wca_core.errors import PluginError
from wca_core.model.histories import looks_back_of
from wca_core.plugin_api import API, OLDEST_API, declared_api
from wca_core.registry import PLUGINS
from wca_core.testing.conformance.check import broken, not_asked
from wca_core.testing.conformance.subject import Subject, scratch

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def declares_its_api(subject: Subject) -> None:
    """The class says for which version of the hooks it was written, and this wca-core has that version."""
    version = declared_api(subject.cls)
    if version is None:
        broken(f"{subject.place} does not say for which API it was written: put @plugin(api={API}) above the class")
    if not OLDEST_API <= version <= API:
        broken(f"{subject.place} was written for API {version}; this wca-core has {OLDEST_API} to {API}")


def has_a_hook(subject: Subject) -> None:
    """At least one method is marked with `@hookimpl`."""
    if not subject.hooks:
        broken(f"{subject.place} has no hook: put @hookimpl above the methods that the agent is to call")


def has_only_hooks_that_exist(subject: Subject) -> None:
    """Every method marked with `@hookimpl` is a hook of WCA."""
    for name in sorted(subject.hooks - HOOKS):
        close = get_close_matches(name, HOOKS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        broken(f"{subject.place}.{name} is no hook{hint}; the hooks are {', '.join(sorted(HOOKS))}")


def marks_every_hook(subject: Subject) -> None:
    """A method that has the name of a hook is marked with `@hookimpl`; without the mark it is never called."""
    for name in sorted(HOOKS - subject.hooks):
        member = inspect.getattr_static(subject.cls, name, None)
        if inspect.isfunction(member) or isinstance(member, classmethod | staticmethod):
            broken(f"{subject.place}.{name} is named like a hook but not marked: put @hookimpl above it, or rename it")


def takes_arguments_that_exist(subject: Subject) -> None:
    """A hook takes no argument but those of its specification, by their names."""
    for name, parameters in _signatures(subject):
        known = list(inspect.signature(getattr(hookspecs, name)).parameters)
        for one in parameters:
            is_given = one.kind in NAMED and one.name in known
            if not is_given and (one.kind not in NAMED or one.default is inspect.Parameter.empty):
                has = ", ".join(known) or "no argument"
                broken(f"{subject.place}.{name} takes {one}; the hook is called with {has}")


def waits_for_nothing_asynchronous(subject: Subject) -> None:
    """No hook is a coroutine: the agent would not wait for it."""
    for name in sorted(subject.hooks & HOOKS):
        method = getattr(subject.cls, name)
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            broken(f"{subject.place}.{name} is asynchronous: make it an ordinary method; `store` may block, see there")


def is_found_by_its_name(subject: Subject) -> None:
    """Its entry point is of the group `wca.plugins`, loads, and nobody else has claimed its name or its class's."""
    registry = subject.registry
    offers = [offer for offer in registry.offers if offer.group == PLUGINS and offer.is_of(subject.cls)]
    if not offers:
        not_asked(f"no installed entry point of the group {PLUGINS} names {subject.place}")
    try:
        for word in (offers[0].name, offers[0].class_name):
            if registry.load_plugin(word) is not subject.cls:
                broken(f"{word!r} does not load {subject.place} but {registry.load_plugin(word)!r}: rename one of them")
    except PluginError as error:
        broken(str(error))


def is_itself_and_no_other(subject: Subject) -> None:
    """Two instances made of the same fields are not equal, and each can be a key: `@dataclass(eq=False)`."""
    with scratch() as one_folder, scratch() as other_folder:
        one, other = subject.new(one_folder), subject.new(other_folder)
        if one == other or getattr(type(one), "__hash__", None) is None:
            broken(f"{subject.place}: instances compare by value: write @dataclass(eq=False), or leave out __eq__")


def looks_back_on_metrics_for_seconds(subject: Subject) -> None:
    """If it has an attribute `looks_back`, it is a mapping of names of metrics to seconds, at most a day."""
    try:
        looks_back_of(subject.cls, subject.name)
    except PluginError as error:
        broken(str(error))


def _signatures(subject: Subject) -> Iterator[tuple[str, list[inspect.Parameter]]]:
    """The parameters of each hook, without the instance."""
    for name in sorted(subject.hooks & HOOKS):
        parameters = list(inspect.signature(getattr(subject.cls, name)).parameters.values())
        is_bound = isinstance(inspect.getattr_static(subject.cls, name), classmethod | staticmethod)
        yield name, parameters if is_bound else parameters[1:]


CHECKS = (
    declares_its_api,
    has_a_hook,
    has_only_hooks_that_exist,
    marks_every_hook,
    takes_arguments_that_exist,
    waits_for_nothing_asynchronous,
    is_found_by_its_name,
    is_itself_and_no_other,
    looks_back_on_metrics_for_seconds,
)
