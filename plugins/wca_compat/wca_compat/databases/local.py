"""A database that is a directory: a file for each key, replaced by one rename."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass

from wca_compat.databases.contract import Database, checked_value, name_of
from wca_core.config.field_types import Path
from wca_core.errors import ConfigurationError, HostError


@dataclass(eq=False)
class LocalDatabase(Database):
    """Keeps each value in a file named as its key, in a directory of this machine."""

    directory: Path
    """Made when the first value is kept, if it is not there."""

    def __post_init__(self) -> None:
        if os.path.exists(self.directory) and not os.path.isdir(self.directory):
            raise ConfigurationError(f"directory: {self.directory} is a file; a directory expected")

    def set(self, key: bytes, value: bytes) -> None:
        path, content = self._path(key), checked_value(value, key)
        try:
            os.makedirs(self.directory, exist_ok=True)
            _replace(path, content)
        except OSError as error:
            raise HostError(f"{path} cannot be written: {error.strerror}") from error

    def get(self, key: bytes) -> bytes | None:
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HostError(f"{path} cannot be read: {error.strerror}") from error

    def _path(self, key: bytes) -> str:
        return os.path.join(self.directory, name_of(key))


def _replace(path: str, content: bytes) -> None:
    """Who reads meanwhile finds the old content or the new; after a loss of power too."""
    directory = os.path.dirname(path) or "."
    descriptor, temporary = tempfile.mkstemp(prefix="%", dir=directory)  # a name that no key has
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync(directory)


def _sync(directory: str) -> None:
    """The new name, not only the content."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
