"""What a plugin is called: its package, its module, its class, its entry point, all from one name.

| `Acme.CPU_watch`, a detector | |
|---|---|
| package, folder, entry point | `acme-cpu-watch` (normalized as PyPI does) |
| module | `acme_cpu_watch` |
| class | `AcmeCpuWatchDetector` |
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib.util import find_spec

from wca_core.errors import PluginError
from wca_core.known_packages import KNOWN_COMMANDS, KNOWN_MODULES, KNOWN_PACKAGES
from wca_core.registration import RESERVED, registered
from wca_core.registry import Registry

LONGEST = 40
"""Letters of a name: what is made of it must fit into a line of code, and a path."""
OURS = {"wca-core", *KNOWN_PACKAGES.values(), *KNOWN_MODULES.values(), *KNOWN_COMMANDS.values()}
"""Packages of this project: an index has one of each name."""
FOLDERS = ("src", "tests", "test", "docs")
"""Of nearly every project, whose modules would be found in the place of this one."""
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one plugin of a package of its own."""

    package: str
    """Of the distribution, its folder and the entry point."""
    module: str
    class_name: str

    @classmethod
    def of(cls, name: str, kind: str, registry: Registry | None = None) -> Names:
        """Raises `PluginError` for a name that cannot be, or is taken."""
        if not NAME.fullmatch(name) or len(name) > LONGEST:
            raise PluginError(
                f"{name!r} is no name of a package: 1 to {LONGEST} letters, digits, '-', '_' and '.' expected, "
                "a letter or digit first and last, such as acme-detector"
            )
        words = re.split(r"[-_.]+", name.lower())
        names = cls("-".join(words), "_".join(words), _class_name(words, kind))
        names._check_module()
        names._check_free(registry or Registry())
        return names

    def _check_module(self) -> None:
        if not self.module.isidentifier() or keyword.iskeyword(self.module):
            reason = "a word of Python" if self.module.isidentifier() else "a digit is first"
            raise self._refused(f"its module {self.module!r} could not be imported ({reason})")
        if self.module in (*FOLDERS, *KNOWN_MODULES):
            owner = KNOWN_MODULES.get(self.module, "nearly every project")
            raise self._refused(f"its module {self.module!r} has the name of one of {owner}")
        if self.package in OURS:
            raise self._refused("it is a package of the project WCA itself")
        found = find_spec(self.module)
        if found is not None:
            where = found.origin or "a folder in Python's path"
            raise self._refused(f"there is a module {self.module!r} already ({where})")

    def _check_free(self, registry: Registry) -> None:
        for word in (self.package, self.class_name):
            if word in RESERVED:
                raise self._refused(f"{word!r} is a word of the configuration itself")
            owner = registered.get(word) or _owner(word, registry) or KNOWN_PACKAGES.get(word)
            if owner is not None:
                raise self._refused(f"there is a plugin {word!r} already: {owner}")

    def _refused(self, reason: str) -> PluginError:
        return PluginError(f"{self.package!r}: {reason}; choose another name")


def _class_name(words: list[str], kind: str) -> str:
    """In camel case, with the kind at the end, so that it hides no name of Python or wca_core."""
    return "".join(word.capitalize() for word in (words if words[-1] == kind else [*words, kind]))


def _owner(word: str, registry: Registry) -> str | None:
    """The installed class that answers to a name, and its package."""
    return next((str(offer) for offer in registry.offers if word in (offer.name, offer.class_name)), None)
