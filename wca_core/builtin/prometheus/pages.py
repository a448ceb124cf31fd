"""The page of samples of a step: as text, as OpenMetrics, compressed or not, each made once a step at most."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from wca_core.builtin.prometheus.fresh import Fresh
from wca_core.builtin.prometheus.negotiation import Form
from wca_core.builtin.prometheus.steps import StoredStep
from wca_core.exposition import Page
from wca_core.gathering import Concatenation, joined
from wca_core.openmetrics import openmetrics

LEVEL = 1
"""Of compression: 6 saves a tenth more in three times the time."""


class Pages:
    """Pages of one step after another; asked by any thread."""

    def __init__(self, common_labels: Mapping[str, str]) -> None:
        self._page = Page(common_labels)
        self._whole = Concatenation()
        self._fresh = Fresh()

    def text(self, step: StoredStep, form: Form, *, compressed: bool) -> bytes:
        """Raises `InconvertibleToPrometheusExpositionFormat` for a value that is no number."""
        finish = gzipped if compressed else b"".join
        return self._fresh.made(step, (form, compressed), lambda: finish(self._parts(step, form)))

    def _parts(self, step: StoredStep, form: Form) -> Iterator[bytes]:
        """Part by part, so that a compressed page is never there as a whole, and others get a turn in between."""
        parts = self._page.parts(joined([samples for _, samples in step.streams], self._whole))
        if form is Form.TEXT:
            return parts
        series = chain.from_iterable(samples.series for _, samples in step.streams)
        return iter([openmetrics(b"".join(parts), series)])


def gzipped(parts: Iterable[bytes]) -> bytes:
    """Compressed as `Content-Encoding: gzip` means it."""
    compressor = zlib.compressobj(LEVEL, wbits=31)
    return b"".join([*map(compressor.compress, parts), compressor.flush()])
