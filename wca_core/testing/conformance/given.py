"""What the hooks of a plugin gave in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wca_core.model.metric import Block, Sample


@dataclass
class Given:
    """What the hooks gave in one step, by hook; a hook that refused by an error of our family gave nothing."""

    by_hook: dict[str, list[object]] = field(default_factory=dict)

    @property
    def samples(self) -> list[Sample]:
        return [one for items in self.by_hook.values() for one in samples_of(items)]

    def all_of(self, kind: type, *hooks: str) -> list[object]:
        """Everything of this type, that these hooks gave (none named: any hook)."""
        wanted = hooks or tuple(self.by_hook)
        return [one for hook in wanted for one in self.by_hook.get(hook, ()) if isinstance(one, kind)]


def samples_of(items: Iterable[object]) -> Iterator[Sample]:
    """The samples among these, those of blocks too."""
    for item in items:
        if isinstance(item, Sample):
            yield item
        elif isinstance(item, Block):
            yield from map(Sample, item.series, item.values)
