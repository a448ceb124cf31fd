"""A recording's bytes: record batches as an Arrow IPC stream, piece by piece."""

from __future__ import annotations

import json
from dataclasses import asdict

import pyarrow as pa

from wca_record import schema
from wca_record.step import About


def give_memory_back() -> None:
    """Let the library take its memory from where Python's C code does: its own allocators keep 6 MB more."""
    pa.set_memory_pool(pa.system_memory_pool())


class Stream:
    """An Arrow IPC stream as pieces of bytes."""

    def __init__(self, about: About, level: int) -> None:
        text = json.dumps(asdict(about), separators=(",", ":"))
        self._sink = _Bytes()
        options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", level), use_threads=False)
        described = schema.COLUMNS.with_metadata({schema.METADATA_KEY: text.encode()})
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), described, options=options)

    def written(self, batch: pa.RecordBatch) -> bytes:
        self._writer.write_batch(batch)
        return self._sink.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.taken()


class _Bytes:
    """A file that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
