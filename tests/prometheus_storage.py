"""A PrometheusStorage that serves one step, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wca_core.builtin.prometheus.storage import PrometheusStorage
from wca_core.model.metric import Metric, Samples, gauge
from wca_core.testing import Machine

FOO = Metric("foo", "Foo.", gauge)


@contextmanager
def serving(folder: Path, listen: str = "127.0.0.1:0", **fields: object) -> Iterator[PrometheusStorage]:
    """A storage with one step, with these fields."""
    storage = PrometheusStorage(listen=listen, **fields)  # type: ignore[arg-type]
    storage.start(Machine(folder / "machine").host())
    storage.store(Samples.of([FOO.sample(1)]), "metrics")
    try:
        yield storage
    finally:
        storage.stop()
