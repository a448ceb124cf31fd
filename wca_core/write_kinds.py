"""The kinds of writes that can be rebuilt from their records: entry points of the group `wca.writes`, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, cast

from wca_core.errors import PluginError
from wca_core.model.write import Write
from wca_core.registry import Offer, Registry, load

Kinds: TypeAlias = Mapping[str, type[Write]]


class InstalledKinds(Mapping[str, type[Write]]):
    """All that are installed; one is imported when it is first asked for. Raises `PluginError` if it cannot be."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or Registry()
        self._loaded: dict[str, type[Write]] = {}

    def __getitem__(self, kind: str) -> type[Write]:
        if kind not in self._loaded:
            self._loaded[kind] = cast(type[Write], load(self._offers[kind]))
        return self._loaded[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._offers

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    @cached_property
    def _offers(self) -> Mapping[str, Offer]:
        offers: dict[str, Offer] = {}
        for offer in self._registry.writes:
            other = offers.setdefault(offer.name, offer)
            if other is not offer:
                raise PluginError(f"two packages offer writes of kind {offer.name!r}: {other} and {offer}")
        return offers
