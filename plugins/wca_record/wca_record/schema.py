"""The format: an Arrow IPC stream, compressed with zstd, of one table whose rows are values and definitions.

`docs/explanation/recording-format.md` documents the columns. A record batch is a chunk: the steps of some seconds,
whole steps only, so all batches before the place where a file breaks off can be read. The first rows of a batch are
definitions in the order of the steps, behind them come values, by series and step.

The version is counted up when a reader of today would misunderstand; columns and kinds may be added without.
"""

from __future__ import annotations

import pyarrow as pa

FORMAT = 1
OLDEST_FORMAT = 1
"""Older ones are refused; as long as it is 1 every recording there is can be read."""

METADATA_KEY = b"wca-recording"
"""In the metadata of the schema: JSON of `About`."""

VALUE = "value"
STEP = "step"
TASK, TASKS = "task", "tasks"
METRIC, SERIES, SERIES_LIST = "metric", "series", "series-list"
ALLOCATION, ALLOCATIONS = "allocation", "allocations"
PLATFORM = "platform"

MOST_ROWS = 500_000
"""Of a chunk, after which it is written, with the step that it then has: some 50 MB in memory."""
MOST_TEXT = 1 << 26
"""Likewise characters of its definitions."""
MOST_ROWS_READ = 2_000_000
"""A chunk of more rows is neither written nor read: who reads recordings of others needs an end."""
MOST_UNPACKED = 1 << 28
"""Likewise bytes of all its columns."""

NO_NUMBER = -1
"""In the column `number` of rows that define nothing."""

KINDS = (VALUE, STEP, TASK, TASKS, METRIC, SERIES, SERIES_LIST, ALLOCATION, ALLOCATIONS, PLATFORM)

NAMES = pa.dictionary(pa.int32(), pa.string())

COLUMNS = pa.schema(
    [
        pa.field("kind", NAMES, nullable=False),
        pa.field("step", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("task", NAMES),
        pa.field("metric", NAMES),
        pa.field("labels", NAMES),
        pa.field("value", pa.float64()),
        pa.field("integer", pa.bool_(), nullable=False),
        pa.field("text", pa.string()),
    ]
)
