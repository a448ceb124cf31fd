"""What every database does, what may be a key, and what can go wrong."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from wca_core.errors import ContractError, NetworkError

KEY = re.compile(rb"[A-Za-z0-9_.-]{1,255}")


class InvalidKey(ContractError):  # noqa: N818  documented name
    """A key that is none: 1 to 255 bytes of letters, digits, `-`, `_` and `.` are one."""


class TimeoutOnAllHosts(NetworkError):  # noqa: N818  documented name
    """No server of a database answered; the message tells what each of them did."""


class Database(ABC):
    """Keeps values by key; a value is any bytes and is kept whole or not at all.

    Raises `InvalidKey` for a key that is none, `ContractError` for a value that is not bytes, and another `WcaError`
    where the value cannot be read or kept.
    """

    @abstractmethod
    def set(self, key: bytes, value: bytes) -> None:
        """Keep a value, in place of the one before."""

    @abstractmethod
    def get(self, key: bytes) -> bytes | None:
        """The value that was kept last; None if none was."""


def checked_key(key: object) -> bytes:
    """The same key. Raises `InvalidKey`."""
    if not isinstance(key, bytes) or not KEY.fullmatch(key):
        raise InvalidKey(f"key {key!r:.80}: 1 to 255 bytes of A-Z a-z 0-9 - _ . expected")
    return key


def checked_value(value: object, key: bytes) -> bytes:
    """The same value. Raises `ContractError`."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise ContractError(f"the value of key {key!r}: bytes expected, found {type(value).__name__}")
    return bytes(value)


def name_of(key: bytes) -> str:
    """The key as the name of a file or node: itself but for `.` and `..`, which are taken.

    `%` is in no key, so that no other key has their names.
    """
    name = checked_key(key).decode("ascii")
    return name if name.strip(".") or len(name) > 2 else name.replace(".", "%2E")
