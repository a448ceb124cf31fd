"""What is told to people about files of cgroups that are missing, forbidden or malformed."""

from __future__ import annotations

import errno
import logging
import os

from wca_core.builtin.cgroup.source import Source
from wca_core.builtin.complaints import Complaints

_SILENT = frozenset({errno.EOPNOTSUPP, errno.EINVAL})


class CgroupComplaints:
    """Each trouble is told once a file name and run."""

    def __init__(self) -> None:
        self._complaints = Complaints(logging.getLogger("wca.cgroup"))

    def malformed(self, source: Source, path: str, text: bytes, error: Exception) -> None:
        sample = text[:80].decode(errors="replace")
        message = f"{path}: not as the kernel documents it ({error}); it begins with {sample!r}"
        self._complaints.tell(logging.WARNING, "malformed", source.file, message)

    def unreadable(self, source: Source, path: str, error: OSError, *, has_stand_in: bool) -> None:
        """`has_stand_in`: another file tells the same."""
        if error.errno in _SILENT or not os.path.isdir(os.path.dirname(path)):
            return  # the kernel does not offer it, or the cgroup has just gone
        if error.errno in (errno.EACCES, errno.EPERM):
            message = f"{path}: no permission to read it (run as root or with CAP_DAC_READ_SEARCH)"
            self._complaints.tell(logging.ERROR, "forbidden", source.file, message)
        elif error.errno == errno.ENOENT:
            level = logging.DEBUG if has_stand_in else logging.WARNING
            message = f"{path}: missing, so its metrics are left out (is controller {source.controller} enabled there?)"
            self._complaints.tell(level, "missing", source.file, message)
        else:
            message = f"{path}: cannot be read: {error.strerror}"
            self._complaints.tell(logging.WARNING, "unreadable", source.file, message)
