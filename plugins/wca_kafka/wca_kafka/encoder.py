"""Makes messages of batches: text in pieces, keys, headers with a number that no other message has.

The headers `start` and `sequence` together name a message for ever: `start` is another one after every start of a
storage, `sequence` grows by one with every message that is made. A consumer that sees a pair twice has a
duplicate; a number that never comes is a message that was lost.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial
from itertools import count

from wca_core import __version__
from wca_core.errors import InconvertibleToPrometheusExpositionFormat
from wca_core.hookspecs import Stream
from wca_core.model.metric import Samples, are_plain_numbers
from wca_kafka.fields import Format, OnInvalid
from wca_kafka.messages import Batch, Chunk, Headers, Message
from wca_kafka.writers import WRITERS, Layout, Writer

PAUSE = 0.0001
"""Seconds between pieces: who steps meanwhile waits for the interpreter as long as one piece takes, not the five
milliseconds of `sys.getswitchinterval`."""

PIECE = 1 << 19
"""Bytes of text after which a pause is due: less than a millisecond's work; a pause itself costs 0.07 ms."""


class Encoder:
    """The messages of one storage. One thread at a time."""

    def __init__(self, form: Format, layout: Layout, key: str, on_invalid: OnInvalid) -> None:
        self._make_writer: Callable[[], Writer] = partial(WRITERS[form], layout)
        self._writers: dict[Stream, Writer] = {}
        self._host = layout.host
        self._key = key
        self._on_invalid = on_invalid
        self._sequence = count()
        self.start = uuid.uuid4().hex
        """Of this storage, as headers have it."""

    def messages(self, batch: Batch) -> list[Message]:
        """All messages of a batch.

        Raises `InconvertibleToPrometheusExpositionFormat` for a value that is no number, unless such are to be dropped.
        """
        writer = self._writers.get(batch.stream)
        if writer is None:
            writer = self._writers[batch.stream] = self._make_writer()
        chunks: list[Chunk] = []
        since_pause = 0
        for chunk in writer.chunks(self._valid(batch.samples), batch.now):
            chunks.append(chunk)
            since_pause += chunk.size
            if since_pause > PIECE:
                since_pause = 0
                time.sleep(PAUSE)
        common = self._common_headers(batch, writer.content_type, len(chunks))
        return [self._message(batch, chunk, common, number) for number, chunk in enumerate(chunks, 1)]

    def _message(self, batch: Batch, chunk: Chunk, common: Headers, part: int) -> Message:
        key = self._host if self._key == "host" else chunk.key if self._key != "none" else None
        return Message(
            topic=batch.topic,
            pieces=chunk.pieces,
            key=None if key is None else key.encode(errors="replace"),
            headers=[*common, ("sequence", str(next(self._sequence))), ("part", str(part))],
            timestamp_ms=int(batch.now * 1000),
            samples=chunk.samples,
            since=batch.steady,
            size=chunk.size,
        )

    def _common_headers(self, batch: Batch, content_type: str, parts: int) -> Headers:
        return [
            ("content-type", content_type),
            ("wca-version", __version__),
            ("host", self._host.encode(errors="replace")),
            ("stream", batch.stream),
            ("start", self.start),
            ("batch", str(uuid.uuid4())),
            ("parts", str(parts)),
        ]

    def _valid(self, samples: Samples) -> Samples:
        if samples.are_plain or are_plain_numbers(samples.values):
            return samples
        good = [at for at, value in enumerate(samples.values) if type(value) in (int, float)]
        if len(good) == len(samples):
            return samples
        if self._on_invalid == "refuse_batch":
            at = min(set(range(len(samples))) - set(good))
            raise InconvertibleToPrometheusExpositionFormat(
                f"{samples.series[at]} has the value {samples.values[at]!r}; an int or a float expected"
            )
        return Samples([samples.series[at] for at in good], [samples.values[at] for at in good])
