"""`--set PLUGIN.FIELD=VALUE`: a field of a plugin, or of `agent`, from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass

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


def overridden(
    owners: AbstractMapping[str, Mapping], overrides: Iterable[Override], problems: Problems
) -> dict[str, Mapping]:
    """The fields of `agent` and of plugins, by name, with the values over those of the file.

    The parts of the tree stay as they are: they may stand elsewhere too, through an alias.
    """
    result = dict(owners)
    for override in overrides:
        fields = result.get(override.owner)
        if fields is None:
            known = f"here {', '.join(result)} can be set" if result else "here nothing can be set"
            problems.error(override.place, f"no plugin {override.owner!r} to set; {known} (--plugins NAME adds one)")
            continue
        changed = _with(fields, override.path, override)
        if changed is None:
            problems.error(override.place, f"{'.'.join(override.path[:-1])} is no mapping")
        else:
            result[override.owner] = changed
    return result


def _with(fields: Mapping, path: Sequence[str], override: Override) -> Mapping | None:
    """A copy with the value at the end of the path; None if there is something else than a mapping on the way."""
    key, *below = path
    value: Tree | None = override.value
    if below:
        inner = fields.entries.get(key, Mapping(override.place, None))
        value = _with(inner, below, override) if isinstance(inner, Mapping) and not inner.tag else None
    if value is None:
        return None
    return Mapping(fields.place, fields.tag, {**fields.entries, key: value}, {**fields.key_places, key: override.place})
