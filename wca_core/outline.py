"""What a configuration comes to, as text: the tree with all defaults, and who is called for what.

The tree is YAML again, except that secrets are masked.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping

from wca_core.config.dump import text_of
from wca_core.config.masking import is_secret, known_name, masked
from wca_core.config.signature import parameters_of
from wca_core.config.tree import Mapping, Place, Scalar, Sequence, Tree
from wca_core.configuration import Configured
from wca_core.dispatch import Dispatcher
from wca_core.model.statistics import Statistics
from wca_core.plan import Plan
from wca_core.settings import AgentSettings
from wca_core.short_form import Combination

NOWHERE = Place("")
FLOW = ("discover_tasks", "collect_metrics", "derive_metrics", "detect", "allocate")
ALLOCATING = ("read_allocations", "check_allocations", "plan_writes")
"""Called by an agent that allocates."""


def outline(asked: Configured) -> str:
    """The text. Raises `ConfigurationError` or `PluginError` if the plugins do not fit together."""
    parts = _Parts(asked)
    runner = asked.runner
    if isinstance(runner, Combination):
        top: dict[str, object] = {"agent": runner.settings, "plugins": runner.plugins}
    else:
        top = {"runner": runner, "added by --plugins": asked.added}
    top["loggers"] = asked.loggers
    tree = Mapping(NOWHERE, None, {name: parts.tree(value, name) for name, value in top.items() if value})
    return text_of(tree) + "\n".join(_calls(asked.plan()) if asked.has_plan else ())


def _calls(plan: Plan) -> Iterator[str]:
    """Comments that say who is called for what; refuses plugins that cannot be called."""
    dispatcher = Dispatcher(plan.bindings, Statistics())
    yield "# In each step:"
    allocates = bool(dispatcher.with_hook("allocate"))
    for hook in (*FLOW, *(ALLOCATING if allocates else ())):
        names = [binding.name for binding in dispatcher.with_hook(hook)]
        if names:
            yield f"#   {hook:<18} {', '.join(names)}"
    for stream in plan.streams:
        names = [binding.name for binding in plan.bindings if stream in binding.streams]
        yield f"#   {'store ' + stream:<18} {', '.join(names) or 'nobody'}"


class _Parts:
    """Components and values as parts of a tree; a component that stands in two places is one part."""

    def __init__(self, asked: Configured) -> None:
        self._recipes = asked.recipes
        self._secrets = asked.secrets
        self._known: dict[int, Tree] = {}

    def tree(self, value: object, name: object) -> Tree:
        if isinstance(value, AbstractMapping):
            return Mapping(
                NOWHERE, None, {key: self.tree(item, key if is_secret(key) else name) for key, item in value.items()}
            )
        if isinstance(value, list | tuple | set | frozenset):
            return Sequence(NOWHERE, None, [self.tree(item, name) for item in value])
        if isinstance(value, enum.Enum):
            value = value.value
        if isinstance(value, str) or not self._is_component(value):
            safe = masked(value, name) if isinstance(value, str | int | float | bool | None) else repr(value)
            text = self._secrets.masked(safe) if isinstance(safe, str) else safe
            return Scalar(NOWHERE, None, text)  # type: ignore[arg-type]  # a plain value stays plain
        if id(value) not in self._known:
            self._known[id(value)] = self._component(value)
        return self._known[id(value)]

    def _is_component(self, value: object) -> bool:
        return id(value) in self._recipes or isinstance(value, AgentSettings)

    def _component(self, component: object) -> Mapping:
        recipe = self._recipes.get(id(component))
        label = recipe.label if recipe else f"!{type(component).__name__}"
        fields = _fields(component, recipe.fields if recipe else {})
        tag = label.removeprefix("!") if label.startswith("!") else None
        hints = {name: parameter.hint for name, parameter in parameters_of(type(component)).items()}
        return Mapping(
            NOWHERE, tag, {name: self.tree(value, known_name(name, hints.get(name))) for name, value in fields.items()}
        )


def _fields(component: object, given: AbstractMapping[str, object]) -> dict[str, object]:
    """What was given, and the defaults of all other fields, in the order of the constructor."""
    fields = {}
    for name, parameter in parameters_of(type(component)).items():
        if name in given:
            fields[name] = given[name]
        elif parameter.default is not inspect.Parameter.empty:
            fields[name] = _value_of(component, name, parameter.default)
    return {**fields, **given}


def _value_of(component: object, name: str, default: object) -> object:
    """What became of a default, where the component shows it; attributes of third parties may raise anything."""
    try:
        return getattr(component, name, default)
    except Exception:  # noqa: BLE001
        return default
