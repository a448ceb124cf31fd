"""What the fields of the storage may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from wca_core.config.field_types import Between, FieldCheck, Length
from wca_core.config.masking import NoSecret
from wca_core.errors import ConfigurationError

TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")

Mode = Literal["sync", "async"]
Format = Literal["exposition", "exposition_per_family", "openmetrics", "json", "json_per_sample"]
Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]
Overflow = Literal["drop_oldest", "drop_newest", "block"]
OnInvalid = Literal["refuse_batch", "drop_metric"]


@dataclass(frozen=True, slots=True)
class IsTopic(FieldCheck):
    """The name of a topic, as brokers take it."""

    def check(self, value: str) -> None:
        if not TOPIC.fullmatch(value) or value in (".", ".."):
            raise ValueError("a topic: 1 to 249 of a-z A-Z 0-9 . _ - and neither '.' nor '..'")

    def json_schema(self) -> Mapping[str, object]:
        return {"pattern": f"^{TOPIC.pattern}$"}


@dataclass(frozen=True, slots=True)
class IsKey(FieldCheck):
    """What the keys of messages are made of."""

    def check(self, value: str) -> None:
        if not re.fullmatch(r"none|host|family|label:[a-zA-Z_][a-zA-Z0-9_]*", value):
            raise ValueError("none, host, family or label:NAME")

    def json_schema(self) -> Mapping[str, object]:
        return {"pattern": "^(none|host|family|label:[a-zA-Z_][a-zA-Z0-9_]*)$"}


Topic = Annotated[str, IsTopic()]
Key = Annotated[str, Length(), IsKey(), NoSecret()]
MessageBytes = Annotated[int, Between(1_000, 10_000_000)]
QueueMessages = Annotated[int, Between(1, 10_000_000)]
QueueBytes = Annotated[int, Between(1_000, 1 << 36)]
Budget = Annotated[float, Between(0, 5)]
TotalBudget = Annotated[float, Between(0, 60)]


def check_key(key: str, form: str) -> None:
    """Raises `ConfigurationError` if messages of this format cannot have such a key."""
    if key == "family" and form != "exposition_per_family":
        raise ConfigurationError(f"key: family needs format: exposition_per_family; format is {form}")
    if key.startswith("label:") and form != "json_per_sample":
        raise ConfigurationError(f"key: {key} needs format: json_per_sample; format is {form}")


def check_queue(room: int, largest: int) -> None:
    """Raises `ConfigurationError` if a queue of so many bytes has no room for the largest message."""
    if room < largest:
        raise ConfigurationError(
            f"queue_max_bytes: {room} bytes hold no message of max_message_bytes ({largest}); "
            f"raise queue_max_bytes to {largest} or more, or lower max_message_bytes"
        )
