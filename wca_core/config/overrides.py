"""`--set PLUGIN.FIELD=VALUE`: a field of a plugin, or of `agent`, from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass

from wca_core.config.masking import HIDDEN, is_secret, without_login
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Place, Scalar, Tree
from wca_core.errors import ConfigurationError

NO_COMPONENTS = ("Env",)
"""Tags of our own: what stands there is a value."""


@dataclass(frozen=True, slots=True)
class Override:
    """One option: where the value goes, and the value."""

    place: Place
    owner: str
    path: tuple[str, ...]
    """The field, and the keys below it if the field is a mapping or a component."""
    value: Tree

    @classmethod
    def of(cls, text: str) -> Override:
        """Raises `ConfigurationError`. The value is YAML: `--set static.tasks=[a, b]`."""
        name, equals, value = text.partition("=")
        owner, *path = name.strip().split(".")
        place = Place(f"--set {name.strip()}")
        if not equals or not owner or not path or not all(path):
            found = name + equals + HIDDEN if equals and is_secret(name) else without_login(text)
            raise ConfigurationError(f"--set {found}: PLUGIN.FIELD=VALUE expected")
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
            problems.error(override.place, f"{'.'.join(override.path[:-1])} is neither a mapping nor a component")
        else:
            result[override.owner] = changed
    return result


def _with(fields: Mapping, path: Sequence[str], override: Override) -> Mapping | None:
    """A copy with the value at the end of the path; None if something on the way has no entries."""
    key, *below = path
    value: Tree | None = override.value
    if below:
        inner = _opened(fields.entries.get(key), override.place)
        value = _with(inner, below, override) if inner is not None else None
    if value is None:
        return None
    return Mapping(fields.place, fields.tag, {**fields.entries, key: value}, {**fields.key_places, key: override.place})


def _opened(part: Tree | None, place: Place) -> Mapping | None:
    """What an entry can be set in: a new mapping where nothing stands; None for what has no entries.

    What the new one is, a mapping or a component, the type of its field says (`build`).
    """
    if part is None or (isinstance(part, Scalar) and part.tag is None and part.value is None):
        return Mapping(place, None)
    if part.tag in NO_COMPONENTS:
        return None
    if isinstance(part, Scalar):
        return Mapping(part.place, part.tag) if part.tag and not part.value else None  # `ssl: !SSL`
    return part if isinstance(part, Mapping) else None
