"""The formats: each makes chunks of samples, and knows what media type they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from wca_core.exposition import Page
from wca_core.model.metric import Samples
from wca_core.openmetrics import openmetrics
from wca_kafka.fields import Format
from wca_kafka.json_text import JsonPage, head, packed
from wca_kafka.messages import Chunk
from wca_kafka.text import families, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What all formats have to know."""

    labels: Mapping[str, str]
    """The common ones."""
    limit: int
    """Bytes of a chunk."""
    timestamps: bool = True
    key_label: str | None = None

    @property
    def host(self) -> str:
        return self.labels.get("host", "")


class Writer(Protocol):
    """Makes chunks of one sequence of samples after another."""

    content_type: str

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        """All samples; `now`: Unix time."""


class Exposition:
    """Prometheus text, in as few messages as the limit allows."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._page = Page(layout.labels, timestamps=layout.timestamps)

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        texts = self._page.parts(samples, now)
        return split(chain.from_iterable(map(families, texts)), self._layout.limit)


class ExpositionPerFamily(Exposition):
    """Prometheus text, each metric in messages of its own, with its name as key."""

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        for text in self._page.parts(samples, now):
            for family in families(text):
                for chunk in split([family], self._layout.limit):
                    yield replace(chunk, key=family.name)


class OpenMetrics:
    """OpenMetrics 1.0: counters end in `_total`, timestamps are seconds, every message ends in `# EOF`."""

    content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._page = Page(layout.labels, timestamps=layout.timestamps)

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        ending = b"# EOF\n"
        text = openmetrics(self._page.text(samples, now), samples.series).removesuffix(ending)
        if self._layout.timestamps:
            milliseconds = int(now * 1000)
            seconds = b" %d.%03d\n" % divmod(milliseconds, 1000)
            text = text.replace(b" %d\n" % milliseconds, seconds)
        return split(families(text), self._layout.limit, ending)


class Json:
    """One object with a list of samples."""

    content_type = "application/json"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._page = JsonPage(layout.labels, layout.key_label)

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        return packed(self._page.lines(samples), self._head(now), self._layout.limit)

    def _head(self, now: float) -> bytes:
        return head(self._layout.host, int(now * 1000) if self._layout.timestamps else None)


class JsonPerSample(Json):
    """One object a sample."""

    def chunks(self, samples: Samples, now: float) -> Iterator[Chunk]:
        start = b"{%b," % self._head(now)
        for line, key in self._page.lines(samples):
            yield Chunk.of(start + line, 1, key)


WRITERS: Mapping[Format, Callable[[Layout], Writer]] = {
    "exposition": Exposition,
    "exposition_per_family": ExpositionPerFamily,
    "openmetrics": OpenMetrics,
    "json": Json,
    "json_per_sample": JsonPerSample,
}
