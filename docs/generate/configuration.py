"""The page of configurations: every component with its fields, from their annotations, defaults and descriptions."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from docs.generate.type_words import type_words
from wca_core.config.descriptions import field_descriptions
from wca_core.config.field_types import IsFileMode
from wca_core.config.runner_keys import ALLOCATION_KEYS, DOCUMENTED, RUNNERS
from wca_core.config.schema import SPECIAL
from wca_core.config.signature import Parameter, parameters_of
from wca_core.logs import LEVELS
from wca_core.plugin_api import hooks_of
from wca_core.registry import Offer, Registry, load
from wca_core.runners import COLLECTORS
from wca_core.settings import AgentSettings

HEAD = """\
A file has one of two forms. `wca check -c FILE` tells all that is wrong with it, and what it comes to with defaults.

* The **tree form** names components by tag: `runner: !MeasurementRunner {{node: !StaticNode {{tasks: [a]}}}}`.
* The **short form** names plugins: `agent: {{interval: 5}}` and `plugins: {{static: {{tasks: [a]}}}}`. What
  nobody names is filled in: discovery by `local`, storage by `log`. The agent detects or allocates if a plugin does.

Both have `loggers`, a mapping of loggers to {levels};
the logger of the plugin NAME is `wca.NAME`.

The collectors {collectors} always run, unless
`--without` or a plugin's own field says otherwise.

A text has at most 400 characters. A tag may stand without fields where none is required. `<<: *anchor` merges mappings;
an anchor on a component and its aliases are one component in several roles.

| instead of a value | |
|---|---|
| `!Env NAME`, `!Env {{name: NAME, default: VALUE, required: true}}` | {env} |
| `!File PATH` | {file} |
"""

KINDS = (
    ("Nodes: what tasks there are", {"discover_tasks"}),
    ("Storages", {"store"}),
    ("Detectors and allocators", {"detect", "allocate"}),
    ("Collectors: what is measured", {"collect_metrics", "derive_metrics"}),
    ("Other plugins", set[str]()),
)


@dataclass(frozen=True)
class Component:
    """A class that a file may name."""

    offer: Offer
    cls: type

    @property
    def title(self) -> str:
        word = f" (`{self.offer.name}`)" if self.offer.name != self.offer.class_name else ""
        return f"!{self.offer.class_name}{word}"

    @property
    def link(self) -> str:
        return f"[`!{self.offer.class_name}`](#{_anchor(self.title)})"


def page(registry: Registry) -> str:
    """Markdown, without the title of the page."""
    return "\n".join(_Page(registry).lines())


class _Page:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._components = [Component(offer, load(offer)) for offer in registry.offers]

    def lines(self) -> Iterator[str]:
        yield HEAD.format(
            levels=", ".join(f"`{name.lower()}`" for name in LEVELS),
            collectors=", ".join(f"`{name}`" for name in COLLECTORS),
            env=SPECIAL["Env"]["description"],
            file=SPECIAL["File"]["description"],
        )
        yield "## agent\n"
        yield "In the short form; a `!MeasurementRunner` has the same fields.\n"
        yield from self._fields(AgentSettings)
        runners = [one for name in RUNNERS for one in self._components if one.cls.__name__ == name]
        yield "## Runners\n"
        for component in runners:
            yield from self._component(component)
        yield from self._runner_keys()
        rest = [one for one in self._components if one not in runners]
        for title, hooks in KINDS:
            chosen = [one for one in rest if hooks_of(one.cls) and (not hooks or hooks & hooks_of(one.cls))]
            rest = [one for one in rest if one not in chosen]
            yield from self._section(title, chosen)
        yield from self._section("Parts of other components", rest)

    def _section(self, title: str, components: Iterable[Component]) -> Iterator[str]:
        if components:
            yield f"## {title}\n"
        for component in components:
            yield from self._component(component)

    def _component(self, component: Component) -> Iterator[str]:
        yield f"### {component.title}\n"
        if component.offer.package != "wca-core":
            yield f"Of the package {component.offer.package}.\n"
        yield f"{_about(component.cls)}\n"
        yield from self._fields(component.cls)

    def _fields(self, cls: type) -> Iterator[str]:
        if issubclass(cls, enum.Enum):
            yield f"One of {', '.join(f'`{member.value}`' for member in cls)}.\n"
            return
        meanings = field_descriptions(cls)
        rows = [self._row(cls, one, meanings.get(one.name, "")) for one in parameters_of(cls).values()]
        yield from _table(("field", "takes", "default", "meaning"), rows, "No fields.")

    def _row(self, cls: type, field: Parameter, meaning: str) -> tuple[str, ...]:
        return f"`{field.name}`", type_words(field.hint, self._tags_of), _default(cls, field), meaning

    def _tags_of(self, is_wanted: Callable[[type], bool]) -> str:
        """Links to the components that fit; all plugins are too many to be named."""
        fitting = [one for one in self._components if is_wanted(one.cls)]
        if len(fitting) == len([one for one in self._components if hooks_of(one.cls)]):
            return "any plugin"
        return " or ".join(one.link for one in fitting)

    def _runner_keys(self) -> Iterator[str]:
        yield "### Keys of a runner that plugins answer to\n"
        yield "Each is the field of the same name of a plugin, which a `!MeasurementRunner` then runs:\n"
        yield from _table(("key", "field of", "takes", "default", "meaning"), list(self._claimed()), "None.")
        yield (
            "These are known from files of the original WCA. As long as what answers to them is not there, they take "
            "only values that ask for nothing:\n"
        )
        yield from _table(("key", "on", "package", "takes"), list(self._unclaimed()), "None.")

    def _claimed(self) -> Iterator[tuple[str, ...]]:
        for key, offer in sorted(self._registry.runner_keys.items()):
            cls = load(offer)
            name, *rest = self._row(cls, parameters_of(cls)[key], field_descriptions(cls).get(key, ""))
            yield name, Component(offer, cls).link, *rest

    def _unclaimed(self) -> Iterator[tuple[str, ...]]:
        for key, documented in sorted(DOCUMENTED.items()):
            if key in self._registry.runner_keys:
                continue
            harmless = documented.harmless
            takes = "anything" if harmless is None else " or ".join(_text([] if one == () else one) for one in harmless)
            runner = "!AllocationRunner" if key in ALLOCATION_KEYS else "!MeasurementRunner"
            yield f"`{key}`", f"`{runner}`", documented.package, takes


def _about(cls: type) -> str:
    """What its author says of a class; a dataclass without a docstring has one made up by Python."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if dataclasses.is_dataclass(cls) and text.startswith(f"{cls.__name__}(") else text


def _default(cls: type, field: Parameter) -> str:
    if field.is_required:
        return "required"
    default = field.default
    for own in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if own.name == field.name and own.default_factory is not dataclasses.MISSING:
            default = own.default_factory()
    if IsFileMode() in getattr(field.hint, "__metadata__", ()):
        return f"`{default:#o}`"
    return _text(default.value if isinstance(default, enum.Enum) else default)


def _text(value: object) -> str:
    """As it is written in a file."""
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]], nothing: str) -> Iterator[str]:
    if not rows:
        yield f"{nothing}\n"
        return
    for row in (titles, ("---",) * len(titles), *rows):
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""


def _anchor(title: str) -> str:
    """Of a heading, as GitHub and the site make it."""
    kept = "".join(char for char in title.lower() if char.isalnum() or char in " -_")
    return kept.strip().replace(" ", "-")
