"""Which plugin classes are meant: by a name, a folder, a file or a module. Nothing is imported to know it."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from wca_core.errors import ConfigurationError
from wca_core.known_packages import KNOWN_PACKAGES
from wca_core.registration import RESERVED
from wca_core.registry import PLUGINS, Offer, Registry

FORMS = "the name of an installed plugin, a folder with a pyproject.toml, file.py:Class or module:Class"
PACKED = (".whl", ".tar.gz", ".zip")


@dataclass(frozen=True, slots=True)
class Target:
    """One class to examine."""

    name: str
    """What reports call it: of its entry point, or of the class."""
    module: str
    class_path: str
    folders: tuple[str, ...] = ()
    """Where to look for the module before all others."""
    complaint: str | None = None
    """What is wrong with the name of its entry point; empty if nothing is. None: it has no entry point."""

    def __str__(self) -> str:
        return f"{self.module}:{self.class_path}"


def targets_of(what: str, registry: Registry | None = None) -> list[Target]:
    """At least one. Raises `ConfigurationError` for a word that means none.

    An installed plugin goes before a folder of the same name: `./NAME` is always the folder.
    """
    if not what.strip():
        raise ConfigurationError(f"{what!r}: {FORMS} expected")
    registry = registry or Registry()
    place, colon, class_path = what.rpartition(":")
    if colon and place and class_path:
        return [_of_file(Path(place), class_path) if place.endswith(".py") else Target(class_path, place, class_path)]
    folder = Path(what)
    is_path = "/" in what or what in (".", "..")
    if folder.is_dir() and (is_path or not any(_answers(offer, what) for offer in registry.offers)):
        return _of_folder(folder.resolve(), registry)
    if what.endswith(PACKED):
        raise ConfigurationError(f"{what}: a package is not looked into: pip install it, then give the plugin's name")
    if is_path or what.endswith((".py", ".toml")):
        raise ConfigurationError(f"{what}: {FORMS} expected")
    return [_installed(what, registry)]


def _installed(word: str, registry: Registry) -> Target:
    plugins = [offer for offer in registry.offers if offer.group == PLUGINS]
    for offer in plugins:
        if _answers(offer, word):
            point = EntryPoint(offer.name, offer.target, PLUGINS)
            return Target(offer.name, point.module, point.attr, complaint=_complaint(point, registry))
    if any(_answers(offer, word) for offer in registry.offers):
        raise ConfigurationError(f"{word!r} is no plugin but a component without hooks")
    close = difflib.get_close_matches(word, [offer.name for offer in plugins], n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    package = KNOWN_PACKAGES.get(word)
    cure = f": it is part of the package {package}" if package else f"; {FORMS} expected"
    raise ConfigurationError(f"no plugin {word!r} is installed{hint}{cure}")


def _answers(offer: Offer, word: str) -> bool:
    return word in (offer.name, offer.class_name)


def _of_file(file: Path, class_path: str) -> Target:
    """A file within a package is imported as a part of it."""
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such file")
    folder, parts = file.resolve().parent, [file.stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    module = ".".join(parts).removesuffix(".__init__")
    return Target(class_path, module, class_path, (str(folder),))


def _of_folder(folder: Path, registry: Registry) -> list[Target]:
    """Its entry points, importable from `src` or the folder itself whether or not it is installed."""
    file = folder / "pyproject.toml"
    folders = tuple(str(one) for one in (folder / "src", folder) if one.is_dir())
    points = [EntryPoint(name, value, PLUGINS) for name, value in sorted(_entry_points(file).items())]
    if not points:
        example = f'[project.entry-points."{PLUGINS}"] with a line such as name = "module:Class"'
        raise ConfigurationError(f"{file}: a plugin expected: {example}")
    for point in points:
        if point.pattern.fullmatch(point.value) is None or not point.attr:
            raise ConfigurationError(f"{file}: {point.name}: module:Class expected, found {point.value!r}")
    return [Target(point.name, point.module, point.attr, folders, _complaint(point, registry)) for point in points]


def _entry_points(file: Path) -> Mapping[str, str]:
    """Those of a project that offer plugins. Raises `ConfigurationError` for a file that cannot tell."""
    try:
        table: object = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file}: there is no such file: a folder with a pyproject.toml expected") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    for key in ("project", "entry-points", PLUGINS):
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping) or not all(isinstance(value, str) for value in table.values()):
        raise ConfigurationError(f'{file}: [project.entry-points."{PLUGINS}"]: texts like "module:Class" expected')
    return table


def _complaint(point: EntryPoint, registry: Registry) -> str:
    """Why nobody could use a plugin of this name; empty if everybody can."""
    class_name = point.attr.rpartition(".")[2]
    for word in dict.fromkeys((point.name, class_name)):
        if word in RESERVED or "." in word:
            return f"{word!r} is a word of the configuration, or has a dot; give it another name"
        others = [one for one in registry.offers if _answers(one, word) and one.target != point.value]
        if others:
            return f"there is a plugin {word!r} already: {others[0]}; give it another name"
    return ""
