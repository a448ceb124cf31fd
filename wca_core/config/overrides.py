"""`--set PLUGIN.FIELD=VALUE`: a field of a plugin, or of `agent`, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wca_core.config.document import Document
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Place, Scalar, Tree
from wca_core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Override:
    """One option: where the value goes, and the value."""

    place: Place
    owner: str
    path: tuple[str, ...]
    """The field, and the keys below it if the field is a mapping."""
    value: Tree

    @classmethod
    def of(cls, text: str) -> Override:
        """Raises `ConfigurationError`. The value is YAML: `--set static.tasks=[a, b]`."""
        name, equals, value = text.partition("=")
        owner, *path = name.strip().split(".")
        place = Place(f"--set {name.strip()}")
        if not equals or not owner or not path or not all(path):
            raise ConfigurationError(f"--set {text}: PLUGIN.FIELD=VALUE expected")
        from wca_core.config.loader import load_text  # 15 ms to import, needed only where something is set

        if not value.strip():
            return cls(place, owner, tuple(path), Scalar(place, None, None))
        return cls(place, owner, tuple(path), load_text(value, place.file))


def apply(overrides: list[Override], document: Document, problems: Problems, word_of: Callable[[str], str]) -> None:
    """Put the values into the fields, over those of the file.

    `word_of`: the name by which the document knows a plugin.
    """
    for override in overrides:
        is_agent = override.owner == "agent"
        fields = document.agent if is_agent else document.plugins.get(word_of(override.owner))
        if fields is None:
            known = ", ".join(["agent", *document.plugins])
            problems.error(
                override.place, f"no plugin {override.owner!r} runs; there are {known} (--plugins NAME adds one)"
            )
        elif not _put(fields, override):
            problems.error(override.place, f"{'.'.join(override.path[:-1])} is no mapping")


def _put(fields: Mapping, override: Override) -> bool:
    *above, last = override.path
    for key in above:
        below = fields.entries.setdefault(key, Mapping(override.place, None))
        if not isinstance(below, Mapping) or below.tag:
            return False
        fields = below
    fields.entries[last] = override.value
    fields.key_places[last] = override.place
    return True
