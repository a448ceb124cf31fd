"""The texts of all files that tell what a task may use, kept open and read together."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping

from wca_core.linux.files import FileSet, OpenFiles, is_gone, read_file

_REOPENED = frozenset({errno.ENODEV, errno.ENOENT})


class TaskFiles:
    """Of one task. Files that do not exist are left out; they are looked for again when the set is made anew."""

    def __init__(self, budget: OpenFiles, paths: Iterable[str]) -> None:
        self._budget = budget
        self._paths = tuple(dict.fromkeys(paths))
        self._files: FileSet | None = None
        self._last: list[bytes] = []
        self.texts: Mapping[str, bytes] = {}
        """Of the last round; the very same object while no file has changed."""

    def read(self) -> Mapping[str, bytes]:
        """Another round. Raises `OSError` if the cgroup is gone."""
        try:
            texts = self._opened().texts()
        except OSError as error:
            self.close()
            if error.errno not in _REOPENED:
                raise
            texts = self._opened().texts()  # one of the cgroups was made anew
        if texts != self._last or not self.texts:
            self._last = texts
            self.texts = dict(zip(self._existing, texts, strict=True))
        return self.texts

    def close(self) -> None:
        """May be called twice."""
        if self._files is not None:
            self._files.close()
            self._files = None
        self._last, self.texts = [], {}

    def _opened(self) -> FileSet:
        if self._files is None:
            self._existing = [path for path in self._paths if _exists(path)]
            if self._paths and not self._existing:
                raise FileNotFoundError(errno.ENOENT, "no such cgroup, or none of its files", self._paths[0])
            self._files = FileSet(self._budget, self._existing)
        return self._files


def _exists(path: str) -> bool:
    """Whether it can be read. Raises `OSError` for whatever is not a missing file."""
    try:
        read_file(path)
    except OSError as error:
        if is_gone(error):
            return False
        raise
    return True
