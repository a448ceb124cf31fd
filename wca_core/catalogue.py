"""What is installed, for people and programs to read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from wca_core.dispatch import HOOKS
from wca_core.errors import WcaError
from wca_core.plugin_api import check_plugin_class, declared_api, hooks_of
from wca_core.registry import PLUGINS, Offer, Registry, load


@dataclass(frozen=True, slots=True)
class Entry:
    """One installed plugin or component."""

    TITLES: ClassVar[tuple[str, ...]] = ("NAME", "CLASS", "PACKAGE", "VERSION", "API", "HOOKS", "STATUS")

    name: str
    class_name: str
    package: str
    version: str
    api: int | None
    hooks: tuple[str, ...]
    """Empty for a component without hooks."""
    status: str
    """`ok`, or why it cannot be used."""

    def as_row(self) -> tuple[str, ...]:
        api = "-" if self.api is None else str(self.api)
        hooks = ",".join(self.hooks) or "-"
        return self.name, self.class_name, self.package, self.version, api, hooks, self.status

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def installed(registry: Registry | None = None) -> list[Entry]:
    """Everything that is installed, also what does not load."""
    registry = registry or Registry()
    return [_entry(offer, registry) for offer in registry.offers]


def _entry(offer: Offer, registry: Registry) -> Entry:
    api: int | None = None
    hooks: tuple[str, ...] = ()
    status = "ok"
    try:
        cls = load(offer)
        if offer.group == PLUGINS:
            cls = registry.plugin_class(cls)
            api, hooks = declared_api(cls), tuple(sorted(hooks_of(cls)))
            check_plugin_class(cls, offer.name, HOOKS)
    except WcaError as error:
        status = str(error)
    return Entry(offer.name, offer.class_name, offer.package, offer.version, api, hooks, status)
